/** Times and durations. */
import { now, serverNow } from '../store/clock';
import { settings } from '../store/settings';

const pad = (number: number) => String(number).padStart(2, '0');

export function absolute(time: number, utc: boolean): string {
  const date = new Date(time);
  if (utc) return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** `850 ms`, `42 s`, `3:05 min`, `2:10 h`, `3 d`. */
export function duration(seconds: number): string {
  if (seconds < 0.95) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${pad(whole % 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)}:${pad(Math.floor((whole % 3600) / 60))} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** `3 s ago`, `in 2 d`. */
export function relative(time: number, at: number): string {
  const seconds = (at - time) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

/** How long ago, with the time itself as its title. */
export function Ago({ time }: { time: number | string | undefined }) {
  void now.value;
  if (time === undefined) return null;
  const at = typeof time === 'string' ? Date.parse(time) : time;
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute(at, settings.value.utc)}>
      {relative(at, serverNow())}
    </time>
  );
}

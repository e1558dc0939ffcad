/** When each task waited and ran: a lane a task, on a canvas. A range is chosen by dragging, and left by a double click. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { go } from '../../app/router';
import { State } from '../../parts/State';
import { duration } from '../../parts/Time';
import { serverNow } from '../../store/clock';
import type { Group } from '../../store/group';
import { settings } from '../../store/settings';
import { STATES } from '../../store/states';
import { criticalPath, slowest, span, type Step } from './schedule';

interface Props {
  group: Group;
  rows: number[];
  version: number;
}

const HEIGHT = 420;
const AXIS = 20;

export function Timeline({ group, rows, version }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [range, setRange] = useState<[number, number] | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const [over, setOver] = useState(-1);
  const now = serverNow();
  const lanes = useMemo(() => [...rows].sort((a, b) => begin(group, a) - begin(group, b)), [rows, version]);
  const path = useMemo(() => criticalPath(group), [group, version]);
  const [from, to] = range ?? span(group, rows, now);
  const shown = lanes.filter((row) => overlaps(group, row, from, to, now));
  const lane = Math.max(0.02, Math.min(14, (HEIGHT - AXIS) / Math.max(1, shown.length)));

  useEffect(() => draw(canvas.current!, { group, shown, from, to, lane, now, path, drag }), [shown.length, from, to, version, drag, settings.value.theme]);

  const place = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return { time: from + ((event.clientX - box.left) / box.width) * (to - from), row: shown[Math.floor((event.clientY - box.top - AXIS) / lane)] ?? -1 };
  };
  const end = () => {
    if (drag && Math.abs(drag[1] - drag[0]) > (to - from) / 100) setRange([Math.min(...drag), Math.max(...drag)]);
    else if (over >= 0) go(`/tasks/${group.ids[over]}`);
    setDrag(null);
  };
  return (
    <>
      <div class="card">
        <canvas
          ref={canvas}
          class="timeline"
          height={HEIGHT}
          role="img"
          aria-label={`${shown.length} tasks over ${duration(to - from)}`}
          onMouseDown={(event) => setDrag([place(event).time, place(event).time])}
          onMouseMove={(event) => {
            const { time, row } = place(event);
            setOver(row);
            if (drag) setDrag([drag[0], time]);
          }}
          onMouseUp={end}
          onMouseLeave={() => setDrag(null)}
          onDblClick={() => setRange(null)}
        />
        <p class="quiet">
          {over >= 0 ? (
            <>
              {group.names[over]}: {STATES[group.state[over]]}
              {group.duration(over, now) !== undefined && `, ${duration(group.duration(over, now)!)}`}
            </>
          ) : (
            'Pale: it waited; full: it ran. Drag over a range to see it alone.'
          )}
          {range && (
            <button class="plain" onClick={() => setRange(null)}>
              Show all
            </button>
          )}
        </p>
      </div>
      <div class="columns">
        <Path group={group} path={path} />
        <Slowest group={group} now={now} />
      </div>
    </>
  );
}

const begin = (group: Group, row: number) => (group.scheduled[row] >= 0 ? group.scheduled[row] : group.createdAt[row]);

function overlaps(group: Group, row: number, from: number, to: number, now: number): boolean {
  const end = group.resolved[row] >= 0 ? group.resolved[row] : (now - group.created) / 1000;
  return begin(group, row) <= to && end >= from;
}

interface Drawing {
  group: Group;
  shown: number[];
  from: number;
  to: number;
  lane: number;
  now: number;
  path: Step[];
  drag: [number, number] | null;
}

function draw(canvas: HTMLCanvasElement, { group, shown, from, to, lane, now, path, drag }: Drawing) {
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const probe = getComputedStyle(document.documentElement);
  const color = (name: string) => resolved(probe.getPropertyValue(name));
  const colors = STATES.map((state) => color(`--${state}`));
  const x = (time: number) => ((time - from) / (to - from)) * width;
  axis(context, from, to, x, color('--quiet'));
  const critical = new Set(path.map((step) => step.row));
  shown.forEach((row, index) => {
    const y = AXIS + index * lane;
    const end = group.resolved[row] >= 0 ? group.resolved[row] : (now - group.created) / 1000;
    const start = group.started[row] >= 0 ? group.started[row] : end;
    context.fillStyle = colors[group.state[row]];
    const height = Math.max(1, lane - (lane > 4 ? 1 : 0));
    context.globalAlpha = 0.25;
    context.fillRect(x(begin(group, row)), y, Math.max(1, x(start) - x(begin(group, row))), height);
    context.globalAlpha = 1;
    if (start < end) context.fillRect(x(start), y, Math.max(1, x(end) - x(start)), height);
    if (critical.has(row)) {
      context.fillStyle = color('--text');
      context.fillRect(x(start), y + height - Math.min(2, height), Math.max(2, x(end) - x(start)), Math.min(2, height));
    }
  });
  if (drag) {
    context.globalAlpha = 0.2;
    context.fillStyle = color('--accent');
    context.fillRect(x(Math.min(...drag)), 0, Math.abs(x(drag[1]) - x(drag[0])), HEIGHT);
    context.globalAlpha = 1;
  }
}

/** `light-dark(a, b)` as one colour: a canvas takes no other. */
function resolved(value: string): string {
  const pair = /light-dark\(([^,]+),([^)]+)\)/.exec(value);
  if (!pair) return value.trim();
  const { theme } = settings.value;
  const dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  return (dark ? pair[2] : pair[1]).trim();
}

const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800];

function axis(context: CanvasRenderingContext2D, from: number, to: number, x: (time: number) => number, color: string) {
  const step = STEPS.find((it) => (to - from) / it <= 10) ?? 2_592_000;
  context.fillStyle = color;
  context.font = '11px system-ui';
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    context.globalAlpha = 0.35;
    context.fillRect(x(time), AXIS - 4, 1, HEIGHT);
    context.globalAlpha = 1;
    context.fillText(duration(time), x(time) + 3, 12);
  }
}

function Path({ group, path }: { group: Group; path: Step[] }) {
  const total = path.reduce((sum, step) => sum + step.wait + step.run, 0);
  return (
    <section>
      <h2>What the end had to wait for{path.length ? `: ${duration(total)}` : ''}</h2>
      {path.length ? <Steps group={group} steps={path} /> : <p class="card empty">No task has ended yet.</p>}
    </section>
  );
}

function Slowest({ group, now }: { group: Group; now: number }) {
  const steps = slowest(group, now).map((row) => ({ row, wait: Math.max(0, group.started[row] - begin(group, row)), run: group.duration(row, now) ?? 0 }));
  return (
    <section>
      <h2>Slowest tasks</h2>
      {steps.length ? <Steps group={group} steps={steps} /> : <p class="card empty">No task has started yet.</p>}
    </section>
  );
}

function Steps({ group, steps }: { group: Group; steps: Step[] }) {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Task</th>
            <th>State</th>
            <th class="right">Waited</th>
            <th class="right">Took</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ row, wait, run }) => (
            <tr key={row}>
              <td class="id">
                <a href={`/tasks/${group.ids[row]}`}>{group.names[row]}</a>
              </td>
              <td class="nowrap">
                <State state={group.state[row]} />
              </td>
              <td class="right nowrap">{duration(wait)}</td>
              <td class="right nowrap">{duration(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

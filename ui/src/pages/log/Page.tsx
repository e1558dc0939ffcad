/** A log: the first screen at once, all of it searchable, followed while it grows. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go, place } from '../../app/router';
import { Problem, Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import type { Status } from '../../store/group';
import { firstError, LogText } from '../../store/logText';
import { artifactUrl, read, type Progress } from './read';
import { Viewer } from './Viewer';

/** `/tasks/<t>/log` leads to the log of the newest run. */
const DEFAULT = 'public/logs/live.log';

export default function LogPage({ params }: { params: Record<string, string> }) {
  const { task } = params;
  const status = useData(`status ${task}`, async (signal) => (await api<{ status: Status }>(`queue/v1/task/${segment(task)}/status`, { signal })).status);
  const log = (it?: Status) => <Log key={`${params.run} ${params.name}`} status={it} params={params} />;
  // A log whose run is known is read before anything is known of its task.
  return params.run && !status.error ? log(status.value) : <Shown data={status}>{log}</Shown>;
}

function Log({ status, params }: { status?: Status; params: Record<string, string> }) {
  const name = params.name || DEFAULT;
  const run = params.run ?? String(Math.max(0, status!.runs.length - 1));
  const [log] = useState(() => new LogText());
  const [progress, setProgress] = useState<Progress>({ total: 0, done: false, skipped: 0 });
  const [error, setError] = useState<ApiError>();
  const running = useRef(false);
  const state = status ? (status.runs[Number(run)]?.state ?? status.state) : '';
  running.current = ['', 'pending', 'running', 'unscheduled'].includes(state);
  const url = artifactUrl(params.task, run, name);
  useEffect(() => {
    document.title = `Log of ${params.task} · Drover`;
    const abort = new AbortController();
    let frame = 0;
    let latest: Progress | null = null;
    const grown = (it: Progress) => {
      latest = it;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setProgress(latest!);
      });
    };
    read(url, log, abort.signal, () => running.current, grown).catch((it) => {
      if (!abort.signal.aborted) setError(it instanceof ApiError ? it : new ApiError(0, { message: String(it) }));
    });
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [url]);
  return (
    <>
      <div class="head">
        <h1>
          <a href={`/tasks/${params.task}`}>Task</a> log
        </h1>
        {state && <State state={state as never} />}
        <Runs status={status} run={run} name={name} task={params.task} />
        <span class="mono quiet">{name}</span>
        <div class="actions">
          <a class="button" href={url} target="_blank" rel="noopener">
            Raw
          </a>
        </div>
      </div>
      {error && log.length === 0 ? <NoLog error={error} /> : null}
      {error && log.length > 0 && <div class="note warn">The log ends here because the connection did: {error.message}</div>}
      {!error || log.length ? <Viewer log={log} progress={progress} begin={begin(state)} running={state === 'running'} known={!!state} /> : null}
    </>
  );
}

function NoLog({ error }: { error: ApiError }) {
  if (error.status !== 404) return <Problem error={error} />;
  return <div class="empty">This run left no such log: {error.message}</div>;
}

/** Where a log is opened, if its address names no line. */
function begin(state: string): (log: LogText) => number {
  if (place.value.hash) return () => -1;
  if (state === 'running') return (log) => log.lines - 1;
  if (state === 'failed' || state === 'exception') return (log) => firstError(log, 0, Math.min(log.lines, 200_000));
  return () => -1;
}

function Runs({ status, run, name, task }: { status?: Status; run: string; name: string; task: string }) {
  if (!status || status.runs.length < 2) return null;
  return (
    <select aria-label="Run" value={run} onChange={(it) => go(`/tasks/${task}/runs/${it.currentTarget.value}/logs/${name}`)}>
      {status.runs.map((it, index) => (
        <option key={index} value={String(index)}>
          run {index}: {it.state}
        </option>
      ))}
    </select>
  );
}

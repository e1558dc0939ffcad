/** Two runs of a task beside each other: how long they took, what they left, and what only one log says. */
import type { ComponentChildren } from 'preact';
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { place, setQuery } from '../../app/router';
import { bytes } from '../../parts/Json';
import { Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import { duration } from '../../parts/Time';
import { LogText } from '../../store/logText';
import type { Artifact, Run, TaskStatus } from '../../store/taskTypes';
import { artifactUrl, read } from '../log/read';
import { onlyIn, type OnlyHere } from './lines';

const LOG = 'public/logs/live.log';
/** Lines that are shown of each log. */
const MOST = 500;

interface Side {
  run: Run;
  artifacts: Artifact[];
  log: string[] | null;
}

export default function Compare({ params }: { params: Record<string, string> }) {
  const { task } = params;
  document.title = `Runs of ${task} · Drover`;
  const status = useData(`runs ${task}`, async (signal) => (await api<{ status: TaskStatus }>(`queue/v1/task/${segment(task)}/status`, { signal })).status);
  return (
    <>
      <div class="head">
        <h1>
          Runs of <a href={`/tasks/${task}`}>{task}</a>
        </h1>
      </div>
      <Shown data={status}>{(it) => (it.runs.length < 2 ? <div class="card empty">It has run once or never: there is nothing to compare.</div> : <Sides status={it} />)}</Shown>
    </>
  );
}

function Sides({ status }: { status: TaskStatus }) {
  const { query } = place.value;
  const last = status.runs.length - 1;
  const index = (name: string, otherwise: number) => {
    const given = query.get(name);
    return given !== null && status.runs[Number(given)] ? Number(given) : otherwise;
  };
  const [left, right] = [index('left', last - 1), index('right', last)];
  const data = useData(`compare ${status.taskId} ${left} ${right}`, (signal) =>
    Promise.all([left, right].map((run) => load(status, run, signal))),
  );
  const choose = (name: string, value: number) => (
    <select aria-label={`${name} run`} value={value} onChange={(it) => setQuery({ [name]: it.currentTarget.value })}>
      {status.runs.map((run) => (
        <option key={run.runId} value={run.runId}>
          run {run.runId}: {run.reasonResolved ?? run.state}
        </option>
      ))}
    </select>
  );
  return (
    <>
      <p class="facts">
        {choose('left', left)} {choose('right', right)}
      </p>
      <Shown data={data}>{([a, b]) => <Both task={status.taskId} a={a} b={b} />}</Shown>
    </>
  );
}

async function load(status: TaskStatus, index: number, signal: AbortSignal): Promise<Side> {
  const path = `queue/v1/task/${segment(status.taskId)}/runs/${index}/artifacts?limit=1000`;
  const { artifacts } = await api<{ artifacts: Artifact[] }>(path, { signal });
  const has = artifacts.some((it) => it.name === LOG);
  return { run: status.runs[index], artifacts, log: has ? await lines(status.taskId, index, signal) : null };
}

async function lines(task: string, run: number, signal: AbortSignal): Promise<string[] | null> {
  const log = new LogText();
  try {
    await read(artifactUrl(task, String(run), LOG), log, signal, () => false, () => {});
  } catch {
    return null;
  }
  return Array.from({ length: log.lines }, (_, line) => log.text(line, 2000).text);
}

function Both({ task, a, b }: { task: string; a: Side; b: Side }) {
  const names = [...new Set([...a.artifacts, ...b.artifacts].map((it) => it.name))].sort();
  const size = (side: Side, name: string) => {
    const found = side.artifacts.find((it) => it.name === name);
    return found ? bytes(found.contentLength) || found.storageType : '—';
  };
  const rows: [string, (side: Side) => ComponentChildren][] = [
    ['State', ({ run }) => <State state={run.state} reason={run.reasonResolved} />],
    ['Waited', ({ run }) => time(run.scheduled, run.started ?? run.resolved)],
    ['Took', ({ run }) => time(run.started, run.resolved)],
    ['Worker', ({ run }) => run.workerId && `${run.workerGroup}/${run.workerId}`],
    ['Created because', ({ run }) => run.reasonCreated],
    ...names.map((name): [string, (side: Side) => ComponentChildren] => [name, (side) => size(side, name)]),
  ];
  return (
    <>
      <div class="table">
        <table aria-label="Two runs">
          <thead>
            <tr>
              <th>Of</th>
              <th>Run {a.run.runId}</th>
              <th>Run {b.run.runId}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, cell]) => (
              <tr key={name}>
                <td class="id">{name}</td>
                <td>{cell(a)}</td>
                <td>{cell(b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="columns">
        <Only task={task} side={a} other={b} />
        <Only task={task} side={b} other={a} />
      </div>
    </>
  );
}

const time = (from?: string, to?: string) => (from && to ? duration((Date.parse(to) - Date.parse(from)) / 1000) : '');

function Only({ task, side, other }: { task: string; side: Side; other: Side }) {
  const run = side.run.runId;
  const found = side.log && other.log && onlyIn(side.log, other.log, MOST);
  return (
    <section>
      <h2>Only the log of run {run} says</h2>
      {!found ? (
        <p class="card empty">There are no two logs to compare.</p>
      ) : found.lines.length ? (
        <div class="card picture" tabIndex={0} role="region" aria-label={`Lines of run ${run}`}>
          {found.lines.map((it) => (
            <Line key={it.line} task={task} run={run} {...it} />
          ))}
          {found.more > 0 && <p class="quiet">and {found.more} more lines</p>}
        </div>
      ) : (
        <p class="card empty">Nothing, but for numbers, dates and ids.</p>
      )}
    </section>
  );
}

function Line({ task, run, line, text }: OnlyHere & { task: string; run: number }) {
  return (
    <div class="mono pre">
      <a href={`/tasks/${task}/runs/${run}/logs/${LOG}#L${line + 1}`}>{line + 1}</a> {text}
    </div>
  );
}

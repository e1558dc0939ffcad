/** A task: how it stands and why, its log, its artifacts, and the tasks around it. */
import { useEffect } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { useData, type Data } from '../../api/useData';
import { useKeys } from '../../app/keys';
import { go } from '../../app/router';
import { bytes, Json, Source } from '../../parts/Json';
import { Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import { Ago } from '../../parts/Time';
import { useTaskEvents } from '../../store/liveTask';
import type { Around, Artifact, TaskView } from '../../store/taskTypes';
import { artifactUrl } from '../log/read';
import { ActionsButton } from '../../parts/actions/ActionsButton';
import { Actions } from './Actions';
import { Copies } from './Copies';
import { Runs } from './Runs';
import { ShellLink } from './ShellLink';

export default function TaskPage({ params }: { params: Record<string, string> }) {
  const { task } = params;
  const view = useData(`task ${task}`, (signal) => api<TaskView>(`drover/v1/task/${segment(task)}/view`, { signal }));
  useTaskEvents(task, view.reload);
  return <Shown data={view}>{(it) => <Loaded view={it} data={view} />}</Shown>;
}

const LOGS = ['public/logs/live.log', 'public/logs/live_backing.log', 'public/live.log'];

/** The log to show first. */
export function logOf(view: TaskView): string | null {
  const names = view.artifacts?.map((it) => it.name) ?? [];
  return LOGS.find((it) => names.includes(it)) ?? names.find((it) => /\.log$|\.txt$/.test(it)) ?? null;
}

function Loaded({ view, data }: { view: TaskView; data: Data<TaskView> }) {
  const { status, task, explanation } = view;
  const id = status.taskId;
  const log = logOf(view);
  const logPath = `/tasks/${id}/runs/${status.runs.length - 1}/logs/${log}`;
  useEffect(() => void (document.title = `${task.metadata.name} · Drover`), [task]);
  useKeys(
    [
      { keys: 'o', what: 'Its log', run: () => log && go(logPath) },
      { keys: 'e', what: 'Explain the task', run: () => go(`/tasks/${id}/explain`) },
      { keys: 'u', what: 'Up to its group', run: () => go(`/tasks/groups/${status.taskGroupId}`) },
    ],
  );
  const run = status.runs.at(-1);
  return (
    <>
      <div class="head">
        <h1>{task.metadata.name}</h1>
        <State state={status.state} reason={run?.reasonResolved} />
        <div class="actions">
          {log ? (
            <a class="button primary" href={logPath}>
              Log
            </a>
          ) : (
            <button disabled title="The newest run has no log yet">
              Log
            </button>
          )}
          <a class="button" href={`/tasks/${id}/explain`}>
            Explain
          </a>
          <ShellLink view={view} />
          <Actions view={view} reload={data.reload} />
          <ActionsButton target={{ group: status.taskGroupId, task: id }} />
        </div>
      </div>
      <p class="facts">
        <span class="mono">{id}</span>
        <span>
          group <a href={`/tasks/groups/${status.taskGroupId}`}>{status.taskGroupId}</a> (
          <a href={`/tasks/groups/${status.taskGroupId}?view=graph&task=${id}`}>its graph</a>)
        </span>
        <span>
          queue <a href={`/queues/${segment(status.taskQueueId)}`}>{status.taskQueueId}</a>
        </span>
        <span>
          priority <b>{status.priority}</b>
        </span>
        <span>
          created{' '}
          <b>
            <Ago time={task.created} />
          </b>
        </span>
        <span>
          deadline{' '}
          <b>
            <Ago time={status.deadline} />
          </b>
        </span>
      </p>
      <p class={`note${status.state === 'failed' ? ' bad' : status.state === 'exception' ? ' warn' : ''}`}>{explanation.verdict}</p>
      <div class="columns">
        <section>
          <h2>Runs{status.runs.length > 1 && <> (<a href={`/tasks/${id}/compare`}>compare two</a>)</>}</h2>
          <Runs status={status} artifactNames={view.artifacts?.map((it) => it.name) ?? []} />
          <h2>Artifacts of the newest run</h2>
          <Artifacts view={view} />
          <Neighbours title="Depends on" tasks={view.dependencies} more={view.moreDependencies} />
          <Neighbours title="Needed by" tasks={view.dependents} more={view.moreDependents} />
        </section>
        <section>
          <h2>About</h2>
          <div class="card">
            <p class="pre">{task.metadata.description}</p>
            <p class="quiet">
              {task.metadata.owner} · <Source url={task.metadata.source} />
            </p>
            {task.tags && <Tags tags={task.tags} />}
          </div>
          <Copies view={view} log={log} />
          <h2>Definition</h2>
          <div class="card">
            <Json value={task} label="Definition" />
          </div>
        </section>
      </div>
    </>
  );
}

function Tags({ tags }: { tags: Record<string, string> }) {
  return (
    <p class="tags wrap">
      {Object.entries(tags).map(([key, value]) => (
        <span key={key} class="tag">
          {key}: {value}
        </span>
      ))}
    </p>
  );
}

function Artifacts({ view }: { view: TaskView }) {
  const { artifacts, status } = view;
  if (!artifacts) return <p class="quiet">Who may list artifacts sees them here (queue:list-artifacts).</p>;
  if (!artifacts.length) return <p class="quiet">There are none{status.runs.length ? '' : ': it has not run yet'}.</p>;
  const run = String(status.runs.length - 1);
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th class="right">Size</th>
            <th class="narrow-off">Type</th>
            <th class="right narrow-off">Expires</th>
          </tr>
        </thead>
        <tbody>
          {artifacts.map((it) => (
            <tr key={it.name}>
              <td class="id">
                <Name artifact={it} task={status.taskId} run={run} />
              </td>
              <td class="right nowrap">{it.storageType === 'error' ? 'error' : bytes(it.contentLength)}</td>
              <td class="narrow-off">{it.contentType}</td>
              <td class="right nowrap narrow-off">
                <Ago time={it.expires} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Name({ artifact, task, run }: { artifact: Artifact; task: string; run: string }) {
  const { name, contentType } = artifact;
  if (contentType.startsWith('text/plain') || name.endsWith('.log')) return <a href={`/tasks/${task}/runs/${run}/logs/${name}`}>{name}</a>;
  return (
    <a href={artifactUrl(task, run, name)} target="_blank" rel="noopener">
      {name}
    </a>
  );
}

export function Neighbours({ title, tasks, more }: { title: string; tasks: Around[]; more: boolean }) {
  if (!tasks.length) return null;
  return (
    <>
      <h2>{title}</h2>
      <div class="table">
        <table>
          <tbody>
            {tasks.map((it) => (
              <tr key={it.taskId}>
                <td class="nowrap">
                  <State state={it.state} />
                </td>
                <td class="id wide">
                  <a href={`/tasks/${it.taskId}`}>{it.name || it.taskId}</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more && <p class="quiet">There are more than these 100.</p>}
    </>
  );
}

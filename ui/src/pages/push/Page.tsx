/** A push as Treeherder shows it: a row a platform, the symbols of its jobs in their groups. */
import { useEffect, useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { FROM_NOW, subscribe } from '../../api/events';
import { useData } from '../../api/useData';
import { useKeys } from '../../app/keys';
import { go, place, setQuery } from '../../app/router';
import { Action } from '../../parts/Action';
import { Shown } from '../../parts/Shown';

interface Job {
  taskId: string;
  runId: number;
  symbol: string;
  name: string;
  result: string;
}

interface Push {
  project: string;
  revision: string;
  counts: Record<string, number>;
  platforms: { platform: string; labels: string; groups: { symbol: string; name: string | null; tier: number; jobs: Job[] }[] }[];
  problems: { taskId: string; name: string; problem: string }[];
}

/** Glyph and state's colour of each of Treeherder's results. */
const RESULTS: Record<string, [string, number]> = {
  success: ['', 3],
  testfailed: ['✕', 4],
  busted: ['✕', 4],
  exception: ['!', 5],
  usercancel: ['!', 5],
  superseded: ['–', 0],
  retry: ['↻', 5],
  running: ['▶', 2],
  pending: ['◔', 1],
  unscheduled: ['◌', 0],
};

const BAD = new Set(['testfailed', 'busted', 'exception']);
const shownAs = (result: string) => RESULTS[result] ?? ['?', 0];

export default function PushPage({ params }: { params: Record<string, string> }) {
  const { project, revision } = params;
  document.title = `${project} ${revision.slice(0, 12)} · Drover`;
  const path = `drover/v1/push/${segment(project)}/${segment(revision)}`;
  const data = useData(path, (signal) => api<Push>(path, { signal }));
  useEffect(() => {
    let timer = 0;
    const soon = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        data.reload();
      }, 1000);
    };
    const kinds = ['defined', 'pending', 'running', 'completed', 'failed', 'exception'];
    const bindings = kinds.map((kind) => ({ exchange: `task-${kind}`, routingKeyPattern: `route.tc-treeherder.#.${revision}.#` }));
    const end = subscribe({ bindings, at: FROM_NOW, each: soon, reset: soon });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [path]);
  return <Shown data={data}>{(push) => <Loaded push={push} path={path} />}</Shown>;
}

function Loaded({ push, path }: { push: Push; path: string }) {
  const wanted = place.value.query.get('result') ?? '';
  const [chosen, setChosen] = useState<Job | null>(null);
  const jobs = push.platforms.flatMap((platform) => platform.groups.flatMap((group) => group.jobs)).filter((job) => fits(job, wanted));
  const move = (by: number, bad: boolean) => {
    const list = bad ? jobs.filter((job) => BAD.has(job.result)) : jobs;
    const at = list.findIndex((job) => job === chosen);
    setChosen(list[(at + by + list.length) % list.length] ?? null);
  };
  useKeys([
    { keys: 'j', what: 'Next failed job', run: () => move(1, true) },
    { keys: 'k', what: 'Previous failed job', run: () => move(-1, true) },
    { keys: 'n', what: 'Next job', run: () => move(1, false) },
    { keys: 'p', what: 'Previous job', run: () => move(-1, false) },
    { keys: 'Enter', what: 'Open the job', run: () => chosen && go(`/tasks/${chosen.taskId}`) },
    { keys: 'o', what: 'Its log', run: () => chosen && go(`/tasks/${chosen.taskId}/runs/${chosen.runId}/logs/public/logs/live.log`) },
  ]);
  return (
    <>
      <div class="head">
        <h1>{push.project}</h1>
        <span class="mono">{push.revision}</span>
        <div class="actions">
          <Action scopes={[`drover:replay-push:${push.project}`]} run={() => api(`${path}/replay`, { method: 'POST' })} done="All of its jobs are published again.">
            Publish again
          </Action>
        </div>
      </div>
      <div class="bar" role="group" aria-label="Results">
        {Object.entries(push.counts).map(([result, count]) => (
          <button key={result} aria-pressed={wanted === result} onClick={() => setQuery({ result: wanted === result ? '' : result })}>
            <span class={`state s${shownAs(result)[1]}`}>
              {shownAs(result)[0]} {result} <b>{count}</b>
            </span>
          </button>
        ))}
      </div>
      {push.platforms.length ? (
        <div class="table">
          <table aria-label="Jobs by platform">
            <tbody>
              {push.platforms.map((platform) => (
                <tr key={`${platform.platform} ${platform.labels}`}>
                  <th scope="row" class="nowrap">
                    {platform.platform} {platform.labels}
                  </th>
                  <td class="wide">
                    {platform.groups.map((group) => (
                      <Group key={`${group.symbol} ${group.tier}`} group={group} wanted={wanted} chosen={chosen} choose={setChosen} />
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div class="card empty">No task of this push is shown by Treeherder.</div>
      )}
      {chosen && (
        <p class="note" role="status">
          <a href={`/tasks/${chosen.taskId}`}>{chosen.name}</a>, run {chosen.runId}: {chosen.result}
        </p>
      )}
      {push.problems.length > 0 && (
        <>
          <h2>Not shown by Treeherder</h2>
          <ul class="card plain">
            {push.problems.map((it) => (
              <li key={it.taskId}>
                <a href={`/tasks/${it.taskId}`}>{it.name}</a>: {it.problem}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const fits = (job: Job, wanted: string) => !wanted || job.result === wanted;

interface GroupProps {
  group: Push['platforms'][number]['groups'][number];
  wanted: string;
  chosen: Job | null;
  choose: (job: Job) => void;
}

function Group({ group, wanted, chosen, choose }: GroupProps) {
  const jobs = group.jobs.filter((job) => fits(job, wanted));
  if (!jobs.length) return null;
  const alone = group.symbol === '?';
  return (
    <span class="group" title={group.name ?? undefined}>
      {!alone && `${group.symbol}${group.tier > 1 ? `[tier ${group.tier}]` : ''}(`}
      {jobs.map((job) => {
        const [glyph, state] = shownAs(job.result);
        return (
          <button
            key={`${job.taskId} ${job.runId}`}
            class={`job s${state}`}
            aria-pressed={job === chosen}
            aria-label={`${job.symbol || '?'} ${job.name}: ${job.result}`}
            title={`${job.name}: ${job.result}`}
            onClick={() => choose(job)}
            onDblClick={() => go(`/tasks/${job.taskId}`)}
          >
            {job.symbol || '?'}
            <span aria-hidden="true">{glyph}</span>
          </button>
        );
      })}
      {!alone && ')'}
    </span>
  );
}

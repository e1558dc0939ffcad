/** Why a task is not running, asked again whenever something happens to it. */
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { useKeys } from '../../app/keys';
import { go } from '../../app/router';
import { Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import { Ago, duration } from '../../parts/Time';
import { useTaskEvents } from '../../store/liveTask';
import type { Explanation, Required } from '../../store/taskTypes';

export default function ExplainPage({ params }: { params: Record<string, string> }) {
  const { task } = params;
  const data = useData(`explain ${task}`, (signal) => api<Explanation>(`drover/v1/task/${segment(task)}/explain`, { signal }));
  useTaskEvents(task, data.reload);
  useKeys([{ keys: 'Esc', what: 'Back to the task', run: () => go(`/tasks/${task}`) }]);
  return <Shown data={data}>{(it) => <Loaded it={it} />}</Shown>;
}

function Loaded({ it }: { it: Explanation }) {
  document.title = `Explain ${it.name} · Drover`;
  return (
    <>
      <div class="head">
        <h1>
          <a href={`/tasks/${it.taskId}`}>{it.name}</a>
        </h1>
        <State state={it.status.state} />
      </div>
      <div class={`note${it.status.state === 'failed' ? ' bad' : ''}`}>
        <p>
          <b>{it.verdict}</b>
        </p>
        {it.advice.length > 0 && (
          <ul>
            {it.advice.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        <p class="quiet">
          {it.cause}, <Ago time={it.at} />
        </p>
      </div>
      <div class="columns">
        <Dependencies it={it} />
        <Waiting it={it} />
        <Workers it={it} />
        <Rest it={it} />
      </div>
    </>
  );
}

function Dependencies({ it }: { it: Explanation }) {
  const { total, satisfied, requires, blocking, roots, followed } = it.dependencies;
  return (
    <section class="card">
      <h2>Dependencies</h2>
      <p>{total ? `${satisfied} of ${total} are satisfied (${requires}).` : 'It has none.'}</p>
      <Chain title="Not satisfied" tasks={blocking} />
      <Chain title="At the beginning of the chain" tasks={roots} />
      {!followed && <p class="quiet">The chain is longer than was followed.</p>}
    </section>
  );
}

function Chain({ title, tasks }: { title: string; tasks: Required[] }) {
  if (!tasks.length) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="plain">
        {tasks.map((task) => (
          <li key={task.taskId}>
            {task.state ? <State state={task.state} /> : <span class="s4">missing</span>}{' '}
            <a href={`/tasks/${task.taskId}/explain`}>{task.name ?? task.taskId}</a>
            {!task.satisfiable && <span class="s4"> cannot satisfy any more</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Waiting({ it }: { it: Explanation }) {
  const { position, claim, deadline } = it;
  return (
    <section class="card">
      <h2>Time</h2>
      {position && (
        <p>
          It has waited since <Ago time={position.since} />: {position.ahead} tasks are ahead of it, {position.aheadOfHigherPriority} of them of a
          higher priority; {position.pending}
          {position.orMore ? ' or more' : ''} wait in all.
        </p>
      )}
      {claim && (
        <p>
          {claim.workerGroup}/{claim.workerId} holds run {claim.runId}; it has to reclaim it in {duration(Math.max(0, claim.secondsLeft))}.
        </p>
      )}
      <p>
        {deadline.secondsLeft > 0 ? 'The deadline is ' : 'The deadline was '}
        <Ago time={deadline.deadline} />.
      </p>
    </section>
  );
}

function Workers({ it }: { it: Explanation }) {
  const { taskQueueId, known, alive, quarantined, ready, latest } = it.workers;
  return (
    <section class="card">
      <h2>
        Workers of <a href={`/queues/${segment(taskQueueId)}`}>{taskQueueId}</a>
      </h2>
      <p>{known ? `${known} known, ${alive} alive, ${ready} ready, ${quarantined} quarantined.` : 'No worker was ever seen there.'}</p>
      <ul class="plain">
        {latest.map((worker) => (
          <li key={`${worker.workerGroup}/${worker.workerId}`}>
            {worker.workerGroup}/{worker.workerId}: {worker.busy ? 'busy' : 'idle'}, seen <Ago time={worker.lastSeen} />
            {worker.quarantineUntil && <span class="s5"> quarantined: {worker.quarantineInfo}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Rest({ it }: { it: Explanation }) {
  const { retries, scopes, events, notes } = it;
  return (
    <section class="card">
      <h2>Else</h2>
      <p>
        {retries.runs} runs; {retries.left} of {retries.allowed} retries are left.
      </p>
      {scopes.missing.length > 0 && (
        <p>
          It lacks scopes: <code>{scopes.missing.join(', ')}</code>
        </p>
      )}
      <p>
        A worker needs <code>{scopes.toClaim}</code> to claim it.
      </p>
      <p>
        {events.undelivered.length
          ? `Not published yet: ${events.undelivered.map((event) => event.kind).join(', ')}.`
          : 'All of its events are published.'}
      </p>
      {notes.map((note, index) => (
        <pre key={index}>{JSON.stringify(note, null, 1)}</pre>
      ))}
    </section>
  );
}

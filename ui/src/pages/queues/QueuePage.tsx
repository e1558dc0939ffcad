/** One task queue: what waits, what runs, and its workers. */
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { Action } from '../../parts/Action';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';
import type { Definition } from '../../store/taskTypes';

interface Waiting {
  taskId: string;
  runId: number;
  inserted?: string;
  claimed?: string;
  workerGroup?: string;
  workerId?: string;
  task: Definition;
}

interface Worker {
  workerGroup: string;
  workerId: string;
  firstClaim: string;
  lastDateActive?: string;
  latestTask?: { taskId: string; runId: number };
  quarantineUntil?: string;
}

export default function QueuePage({ params }: { params: Record<string, string> }) {
  const { queue } = params;
  const [provisioner, type] = queue.split('/');
  document.title = `${queue} · Drover`;
  const counts = useData(`counts ${queue}`, (signal) =>
    api<{ pendingTasks: number; claimedTasks: number }>(`queue/v1/task-queues/${segment(queue)}/counts`, { signal }),
  );
  const pending = usePages<Waiting>(`queue/v1/task-queues/${segment(queue)}/pending?limit=50`, (it) => it.tasks);
  const claimed = usePages<Waiting>(`queue/v1/task-queues/${segment(queue)}/claimed?limit=50`, (it) => it.tasks);
  const workers = usePages<Worker>(`queue/v1/provisioners/${segment(provisioner)}/worker-types/${segment(type ?? '')}/workers?limit=100`, (it) => it.workers);
  const reload = () => [counts, pending, claimed, workers].forEach((it) => it.reload());
  return (
    <>
      <div class="head">
        <h1>{queue}</h1>
        {counts.value && (
          <span class="quiet">
            {counts.value.pendingTasks} pending, {counts.value.claimedTasks} running
          </span>
        )}
        <div class="actions">
          <button onClick={reload}>Refresh</button>
        </div>
      </div>
      <h2>Workers</h2>
      <PagedTable
        list={workers}
        label="Workers"
        heads={['Worker', 'Last seen', 'Newest task', 'Quarantine', 'Action']}
        empty="No worker has asked for tasks here."
        row={(it) => (
          <tr key={`${it.workerGroup}/${it.workerId}`}>
            <td class="id">
              {it.workerGroup}/{it.workerId}
            </td>
            <td class="nowrap">
              <Ago time={it.lastDateActive ?? it.firstClaim} />
            </td>
            <td class="id">{it.latestTask && <a href={`/tasks/${it.latestTask.taskId}`}>{it.latestTask.taskId}</a>}</td>
            <td class="s5">{quarantined(it) && <>until <Ago time={it.quarantineUntil} /></>}</td>
            <td class="right">
              <Quarantine queue={queue} worker={it} reload={workers.reload} />
            </td>
          </tr>
        )}
      />
      <h2>Pending, first to run first</h2>
      <Tasks list={pending} label="Pending tasks" time="inserted" empty="Nothing waits." />
      <h2>Running</h2>
      <Tasks list={claimed} label="Running tasks" time="claimed" empty="Nothing runs." />
    </>
  );
}

const quarantined = (it: Worker) => it.quarantineUntil && Date.parse(it.quarantineUntil) > Date.now();

function Quarantine({ queue, worker, reload }: { queue: string; worker: Worker; reload: () => void }) {
  const { workerGroup, workerId } = worker;
  const [provisioner, type] = queue.split('/');
  const on = quarantined(worker);
  const run = async () => {
    const until = new Date(Date.now() + (on ? -1000 : 7 * 86_400_000)).toISOString();
    const path = `queue/v1/provisioners/${segment(provisioner)}/worker-types/${segment(type)}/workers/${segment(workerGroup)}/${segment(workerId)}`;
    await api(path, { method: 'PUT', body: { quarantineUntil: until, quarantineInfo: 'From the page' } });
    reload();
  };
  return (
    <Action
      scopes={[`queue:quarantine-worker:${queue}/${workerGroup}/${workerId}`]}
      run={run}
      ask={on ? undefined : `Quarantine ${workerGroup}/${workerId} for a week? It gets no more tasks.`}
      done={on ? 'It gets tasks again.' : 'It is quarantined.'}
    >
      {on ? 'Release' : 'Quarantine'}
    </Action>
  );
}

function Tasks({ list, label, time, empty }: { list: Parameters<typeof PagedTable<Waiting>>[0]['list']; label: string; time: 'inserted' | 'claimed'; empty: string }) {
  return (
    <PagedTable
      list={list}
      label={label}
      heads={['Task', 'Run', 'Worker', 'Since']}
      empty={empty}
      row={(it) => (
        <tr key={`${it.taskId}/${it.runId}`}>
          <td class="id">
            <a href={`/tasks/${it.taskId}`}>{it.task.metadata.name}</a>
          </td>
          <td>{it.runId}</td>
          <td class="id">{it.workerId && `${it.workerGroup}/${it.workerId}`}</td>
          <td class="nowrap">
            <Ago time={it[time]} />
          </td>
        </tr>
      )}
    />
  );
}

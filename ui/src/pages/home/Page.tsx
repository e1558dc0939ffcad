/** The start: the newest groups, and the queues where tasks wait. */
import { api } from '../../api/fetch';
import { useData } from '../../api/useData';
import { Shown } from '../../parts/Shown';
import { Meter } from '../../parts/State';
import { Ago } from '../../parts/Time';
import { STATES } from '../../store/states';
import { visited } from '../../store/visited';
import { QueueTable, type QueueStats } from '../queues/QueueTable';

interface Recent {
  taskGroupId: string;
  name: string;
  owner: string;
  created?: string;
  counts: Record<string, number>;
}

export default function Home() {
  document.title = 'Drover';
  const recent = useData('recent', async (signal) => (await api<{ groups: Recent[] }>('drover/v1/recent', { signal })).groups);
  const queues = useData('queues', async (signal) => (await api<{ queues: QueueStats[] }>('drover/v1/queues', { signal })).queues);
  return (
    <>
      <h1 class="sr">Home</h1>
      <div class="home">
        <section>
          <h2>Newest groups</h2>
          <Shown data={recent}>{(groups) => <Groups groups={groups} />}</Shown>
        </section>
        <section>
          <h2>Queues</h2>
          <Shown data={queues}>
            {(all) => {
              const busy = all.filter((it) => it.pending || it.claimed);
              return busy.length ? <QueueTable queues={busy.slice(0, 20)} short /> : <p class="card empty">Nothing waits, and nothing runs.</p>;
            }}
          </Shown>
          <Visited />
        </section>
      </div>
    </>
  );
}

function Groups({ groups }: { groups: Recent[] }) {
  if (!groups.length) {
    return (
      <div class="card empty">
        <p>No task was created here yet.</p>
        <p>
          <code>drover run examples/line-counts.yml</code> submits a graph, or{' '}
          <a href="/tasks/create">create a task</a>.
        </p>
      </div>
    );
  }
  return (
    <ul class="groups">
      {groups.map((it) => (
        <li key={it.taskGroupId} class="card">
          <div class="head">
            <a href={`/tasks/groups/${it.taskGroupId}`}>
              <b>{it.name || it.taskGroupId}</b>
            </a>
            <span class="quiet">{it.owner}</span>
            <span class="actions quiet">
              <Ago time={it.created} />
            </span>
          </div>
          <Meter counts={STATES.map((state) => it.counts[state] ?? 0)} />
          <span class="quiet">
            {STATES.filter((state) => it.counts[state])
              .map((state) => `${it.counts[state]} ${state}`)
              .join(' · ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Visited() {
  const groups = visited();
  if (!groups.length) return null;
  return (
    <>
      <h2>Looked at in this browser</h2>
      <ul class="card plain">
        {groups.map((it) => (
          <li key={it.id}>
            <a href={`/tasks/groups/${it.id}`}>{it.name}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

/** All task queues. */
import { useState } from 'preact/hooks';
import { api } from '../../api/fetch';
import { useData } from '../../api/useData';
import { Shown } from '../../parts/Shown';
import { QueueTable, type QueueStats } from './QueueTable';

export default function Queues() {
  document.title = 'Queues · Drover';
  const [typed, setTyped] = useState('');
  const data = useData('queues', async (signal) => (await api<{ queues: QueueStats[] }>('drover/v1/queues', { signal })).queues);
  return (
    <>
      <div class="head">
        <h1>Queues</h1>
        <div class="actions">
          <input type="search" aria-label="Filter queues" placeholder="Filter" value={typed} onInput={(it) => setTyped(it.currentTarget.value)} />
          <button onClick={data.reload}>Refresh</button>
        </div>
      </div>
      <Shown data={data}>
        {(all) => {
          const queues = all.filter((it) => it.taskQueueId.includes(typed.trim()));
          return queues.length ? (
            <QueueTable queues={queues} />
          ) : (
            <div class="card empty">{all.length ? 'No queue has such a name.' : 'No queue is known yet: the first task or worker makes one.'}</div>
          );
        }}
      </Shown>
    </>
  );
}

/** All worker pools: what waits for their machines, and how many there are. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';
import type { QueueStats } from '../queues/QueueTable';
import type { Pool } from './data';

export default function Pools() {
  document.title = 'Worker pools · Drover';
  const [typed, setTyped] = useState('');
  const list = usePages<Pool>('worker-manager/v1/worker-pools?limit=500', (it) => it.workerPools);
  const queues = useData('queues', async (signal) => (await api<{ queues: QueueStats[] }>('drover/v1/queues', { signal })).queues);
  const pending = new Map(queues.value?.map((it) => [it.taskQueueId, it.pending]));
  const shown = { ...list, rows: list.rows.filter((it) => it.workerPoolId.includes(typed.trim())) };
  const open = (event: Event) => {
    event.preventDefault();
    if (typed.trim()) go(`/worker-manager/${segment(typed.trim())}`);
  };
  return (
    <>
      <div class="head">
        <h1>Worker pools</h1>
        <form class="actions" onSubmit={open}>
          <input type="search" aria-label="Filter, or the id of a new pool" placeholder="Filter, or a new id" value={typed} onInput={(it) => setTyped(it.currentTarget.value)} />
          <button>Open or create</button>
        </form>
      </div>
      <PagedTable
        list={shown}
        label="Worker pools"
        heads={['Pool', 'Provider', 'Pending', 'Requested', 'Running', 'Stopping', 'Capacity', 'Limits']}
        empty={list.rows.length ? 'No pool has such an id.' : 'There are no worker pools: machines are started by hand.'}
        row={(it) => (
          <tr key={it.workerPoolId}>
            <td class="id">
              <a href={`/worker-manager/${segment(it.workerPoolId)}`}>{it.workerPoolId}</a>
            </td>
            <td>{it.providerId}</td>
            <td>{pending.get(it.workerPoolId) ?? 0}</td>
            <td>{it.requestedCount}</td>
            <td>{it.runningCount}</td>
            <td>{it.stoppingCount}</td>
            <td>{it.currentCapacity}</td>
            <td class="nowrap">{it.config.maxCapacity !== undefined && `${it.config.minCapacity ?? 0} to ${it.config.maxCapacity}`}</td>
          </tr>
        )}
      />
    </>
  );
}

/** Task queues with their numbers. */
import { segment } from '../../api/fetch';
import { Ago } from '../../parts/Time';

export interface QueueStats {
  taskQueueId: string;
  pending: number;
  oldestPending?: string;
  claimed: number;
  workers: number;
  alive: number;
  quarantined: number;
}

export function QueueTable({ queues, short }: { queues: QueueStats[]; short?: boolean }) {
  return (
    <div class="table">
      <table aria-label="Queues">
        <thead>
          <tr>
            <th>Queue</th>
            <th class="right">Pending</th>
            <th class="right">Oldest</th>
            <th class="right">Running</th>
            {!short && <th class="right">Workers</th>}
            <th class="right">Alive</th>
            {!short && <th class="right">Quarantined</th>}
          </tr>
        </thead>
        <tbody>
          {queues.map((it) => (
            <tr key={it.taskQueueId}>
              <td class="id">
                <a href={`/queues/${segment(it.taskQueueId)}`}>{it.taskQueueId}</a>
              </td>
              <td class="right">{it.pending}</td>
              <td class="right nowrap">
                <Ago time={it.oldestPending} />
              </td>
              <td class="right">{it.claimed}</td>
              {!short && <td class="right">{it.workers}</td>}
              <td class={`right${it.pending && !it.alive ? ' s4' : ''}`}>{it.alive}</td>
              {!short && <td class={`right${it.quarantined ? ' s5' : ''}`}>{it.quarantined}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

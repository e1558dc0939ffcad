/** What went wrong with the machines of a pool, by title, and each report. */
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';
import type { PoolError } from './data';

interface ErrorStats {
  totals: { total: number; title: Record<string, number> };
}

export function Errors({ pool }: { pool: string }) {
  const stats = useData(`errors ${pool}`, (signal) =>
    api<ErrorStats>(`worker-manager/v1/worker-pool-errors/stats?workerPoolId=${segment(pool)}`, { signal }),
  );
  const list = usePages<PoolError>(`worker-manager/v1/worker-pool-errors/${segment(pool)}?limit=50`, (it) => it.workerPoolErrors);
  const titles = Object.entries(stats.value?.totals.title ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <>
      <h2>Errors</h2>
      {titles.length > 0 && (
        <p class="facts">
          {titles.slice(0, 10).map(([title, count]) => (
            <span key={title}>
              <b>{count} ×</b> {title}
            </span>
          ))}
        </p>
      )}
      <PagedTable
        list={list}
        label="Errors"
        heads={['When', 'Error', 'Launch config']}
        empty="Nothing went wrong in the last days."
        row={(it) => (
          <tr key={it.errorId}>
            <td class="nowrap">
              <Ago time={it.reported} />
            </td>
            <td>
              <details>
                <summary>
                  {it.title} <span class="quiet">{it.kind}</span>
                </summary>
                <p class="pre">{it.description}</p>
              </details>
            </td>
            <td class="id">{it.launchConfigId}</td>
          </tr>
        )}
      />
    </>
  );
}

/** The machines of a pool, and what they are launched from. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { Action } from '../../parts/Action';
import { Json } from '../../parts/Json';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';
import type { LaunchConfig, PoolWorker } from './data';

const STATES = ['requested', 'running', 'stopping', 'stopped'];

export function Workers({ pool }: { pool: string }) {
  const [state, setState] = useState('');
  const list = usePages<PoolWorker>(`worker-manager/v1/workers/${segment(pool)}?limit=100${state && `&state=${state}`}`, (it) => it.workers);
  return (
    <>
      <h2>
        Workers{' '}
        <select aria-label="State of workers" value={state} onChange={(it) => setState(it.currentTarget.value)}>
          <option value="">in any state</option>
          {STATES.map((it) => (
            <option key={it}>{it}</option>
          ))}
        </select>
      </h2>
      <PagedTable
        list={list}
        label="Workers"
        heads={['Worker', 'State', 'Capacity', 'Created', 'Checked', 'Launch config', 'Action']}
        empty="There is no such worker."
        row={(it) => (
          <tr key={`${it.workerGroup}/${it.workerId}`}>
            <td class="id">
              {it.workerGroup}/{it.workerId}
            </td>
            <td>{it.state}</td>
            <td>{it.capacity}</td>
            <td class="nowrap">
              <Ago time={it.created} />
            </td>
            <td class="nowrap">
              <Ago time={it.lastChecked} />
            </td>
            <td class="id">{it.launchConfigId}</td>
            <td class="right">{it.state !== 'stopped' && <Remove pool={pool} worker={it} reload={list.reload} />}</td>
          </tr>
        )}
      />
    </>
  );
}

function Remove({ pool, worker, reload }: { pool: string; worker: PoolWorker; reload: () => void }) {
  const { workerGroup, workerId } = worker;
  const run = async () => {
    await api(`worker-manager/v1/workers/${segment(pool)}/${segment(workerGroup)}/${segment(workerId)}`, { method: 'DELETE' });
    reload();
  };
  return (
    <Action
      scopes={[`worker-manager:remove-worker:${pool}/${workerGroup}/${workerId}`]}
      kind="danger"
      ask={`End the machine ${workerGroup}/${workerId}? What it runs is run again elsewhere.`}
      run={run}
      done="It is being stopped."
    >
      Remove
    </Action>
  );
}

export function LaunchConfigs({ pool }: { pool: string }) {
  const path = `worker-manager/v1/worker-pool/${segment(pool)}/launch-configs?limit=100`;
  const list = usePages<LaunchConfig>(path, (it) => it.workerPoolLaunchConfigs);
  if (list.done && !list.rows.length && !list.error) return null;
  return (
    <>
      <h2>Launch configs</h2>
      <PagedTable
        list={list}
        label="Launch configs"
        heads={['Launch config', 'Since', 'Configuration']}
        empty=""
        row={(it) => (
          <tr key={it.launchConfigId}>
            <td class="id">{it.launchConfigId}</td>
            <td class="nowrap">
              <Ago time={it.created} />
            </td>
            <td>
              <details>
                <summary>Show</summary>
                <Json value={it.configuration} label={`Configuration ${it.launchConfigId}`} />
              </details>
            </td>
          </tr>
        )}
      />
    </>
  );
}

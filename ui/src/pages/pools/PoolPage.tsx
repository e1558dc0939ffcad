/** One worker pool: its machines, what went wrong with them, and its definition. */
import { api, apiOrNull, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { DefinitionForm } from '../../parts/JsonEditor';
import { Shown } from '../../parts/Shown';
import { NEW_POOL, type Pool } from './data';
import { Errors } from './Errors';
import { Provisioning } from './Provisioning';
import { LaunchConfigs, Workers } from './Workers';

export default function PoolPage({ params }: { params: Record<string, string> }) {
  const { pool } = params;
  document.title = `${pool} · Drover`;
  const path = `worker-manager/v1/worker-pool/${segment(pool)}`;
  const data = useData(`pool ${pool}`, (signal) => apiOrNull<Pool>(path, { signal }));
  return (
    <Shown data={data}>
      {(it) => (
        <>
          <div class="head">
            <h1>{pool}</h1>
            {it ? <PoolActions pool={it} path={path} reload={data.reload} /> : <span class="quiet">There is no such pool; saving creates it.</span>}
          </div>
          {it && <About pool={it} />}
          <h2>Definition</h2>
          <Editor key={JSON.stringify(it?.config)} pool={it} id={pool} path={path} reload={data.reload} />
        </>
      )}
    </Shown>
  );
}

function PoolActions({ pool, path, reload }: { pool: Pool; path: string; reload: () => void }) {
  const id = pool.workerPoolId;
  return (
    <div class="actions">
      <a class="button" href={`/queues/${segment(id)}`}>
        Queue
      </a>
      <a class="button" href={`/audit?type=worker-pool&id=${segment(id)}`}>
        Changes
      </a>
      <button onClick={reload}>Refresh</button>
      <Action
        scopes={[`worker-manager:manage-worker-pool:${id}`]}
        kind="danger"
        ask={`Delete the pool ${id}? It goes when its last machine is gone.`}
        run={() => api(path, { method: 'DELETE' }).then(() => go('/worker-manager'))}
      >
        Delete
      </Action>
    </div>
  );
}

function About({ pool }: { pool: Pool }) {
  const { config } = pool;
  const facts: [string, string | number | undefined][] = [
    ['provider', pool.providerId],
    ['owner', pool.owner],
    ['requested', pool.requestedCount],
    ['running', pool.runningCount],
    ['stopping', pool.stoppingCount],
    ['capacity', pool.currentCapacity],
    ['at least', config.minCapacity],
    ['at most', config.maxCapacity],
  ];
  return (
    <>
      <p class="facts">
        {facts
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => (
            <span key={name}>
              {name} <b>{value}</b>
            </span>
          ))}
      </p>
      {pool.description && <p class="pre">{pool.description}</p>}
      <Provisioning pool={pool.workerPoolId} />
      <Workers pool={pool.workerPoolId} />
      <Errors pool={pool.workerPoolId} />
      <LaunchConfigs pool={pool.workerPoolId} />
    </>
  );
}

function Editor({ pool, id, path, reload }: { pool: Pool | null; id: string; path: string; reload: () => void }) {
  const { providerId, description, owner, emailOnError, config } = pool ?? NEW_POOL;
  const send = async (body: unknown) => {
    await api(path, { method: pool ? 'POST' : 'PUT', body });
    reload();
  };
  return <DefinitionForm start={{ providerId, description, owner, emailOnError, config }} scope={`worker-manager:manage-worker-pool:${id}`} send={send} />;
}

/** Caches that workers have to throw away. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { Action } from '../../parts/Action';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';

interface Purge {
  provisionerId: string;
  workerType: string;
  cacheName: string;
  before: string;
}

export default function PurgeCache() {
  document.title = 'Purge cache · Drover';
  const list = usePages<Purge>('purge-cache/v1/purge-cache/list?limit=200', (it) => it.requests);
  const [pool, setPool] = useState('');
  const [cache, setCache] = useState('');
  const run = async () => {
    await api(`purge-cache/v1/purge-cache/${segment(pool)}`, { method: 'POST', body: { cacheName: cache } });
    list.reload();
  };
  return (
    <>
      <div class="head">
        <h1>Purge cache</h1>
        <form class="actions" onSubmit={(it) => it.preventDefault()}>
          <input aria-label="Worker pool" placeholder="provisioner/type" value={pool} onInput={(it) => setPool(it.currentTarget.value.trim())} />
          <input aria-label="Cache" placeholder="Cache" value={cache} onInput={(it) => setCache(it.currentTarget.value.trim())} />
          <Action
            scopes={[`purge-cache:${pool}:${cache}`]}
            why={pool && cache ? undefined : 'Pool and cache are missing'}
            run={run}
            ask={`Purge ${cache} of ${pool}? Its workers start with an empty one.`}
            done="Workers throw it away before their next task."
          >
            Purge
          </Action>
        </form>
      </div>
      <PagedTable
        list={list}
        label="Purge requests"
        heads={['Pool', 'Cache', 'Older than']}
        empty="No cache is to be purged."
        row={(it) => (
          <tr key={`${it.provisionerId}/${it.workerType} ${it.cacheName}`}>
            <td class="id">
              {it.provisionerId}/{it.workerType}
            </td>
            <td class="id">{it.cacheName}</td>
            <td class="nowrap">
              <Ago time={it.before} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

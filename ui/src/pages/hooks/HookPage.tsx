/** One hook: what it does, when it fired and with what result. */
import { api, apiOrNull, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { DefinitionForm } from '../../parts/JsonEditor';
import { PagedTable, usePages } from '../../parts/Page';
import { Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import { Ago } from '../../parts/Time';
import type { State as Name } from '../../store/states';
import { NEW_HOOK, type Fire, type Hook, type HookStatus } from './data';
import { Trigger } from './Trigger';

export default function HookPage({ params }: { params: Record<string, string> }) {
  const { group, hook } = params;
  document.title = `${group}/${hook} · Drover`;
  const path = `hooks/v1/hooks/${segment(group)}/${segment(hook)}`;
  const data = useData(`hook ${path}`, (signal) => apiOrNull<Hook>(path, { signal }));
  return (
    <Shown data={data}>
      {(it) => (
        <>
          <div class="head">
            <h1>
              <a href={`/hooks/${segment(group)}`}>{group}</a>/{hook}
            </h1>
            {it ? <Delete hook={it} path={path} /> : <span class="quiet">There is no such hook; saving creates it.</span>}
          </div>
          {it && <About hook={it} path={path} />}
          <h2>Definition</h2>
          <Editor key={JSON.stringify(it)} hook={it} id={`${group}/${hook}`} path={path} reload={data.reload} />
        </>
      )}
    </Shown>
  );
}

function Delete({ hook, path }: { hook: Hook; path: string }) {
  const name = `${hook.hookGroupId}/${hook.hookId}`;
  const run = () => api(path, { method: 'DELETE' }).then(() => go('/hooks'));
  return (
    <div class="actions">
      <a class="button" href={`/audit?type=hook&id=${segment(name)}`}>
        Changes
      </a>
      <Action scopes={[`hooks:modify-hook:${name}`]} kind="danger" ask={`Delete the hook ${name}? It fires no more.`} run={run}>
        Delete
      </Action>
    </div>
  );
}

function About({ hook, path }: { hook: Hook; path: string }) {
  const { metadata, schedule, bindings } = hook;
  const status = useData(`status ${path}`, (signal) => api<HookStatus>(`${path}/status`, { signal }));
  const fires = usePages<Fire>(`${path}/last-fires?limit=50`, (it) => it.lastFires);
  // As Taskcluster's, the list of a hook that never fired is not found.
  const error = fires.error?.status === 404 ? undefined : fires.error;
  return (
    <>
      <p class="facts">
        <span>
          name <b>{metadata.name}</b>
        </span>
        <span>
          owner <b>{metadata.owner}</b>
        </span>
        <span>
          schedule <b class="mono">{schedule.join(', ') || 'none'}</b>
        </span>
        {schedule.length > 0 && (
          <span>
            next <b><Ago time={status.value?.nextScheduledDate} /></b>
          </span>
        )}
        {bindings?.map((it) => (
          <span key={it.exchange + it.routingKeyPattern}>
            on <b class="mono">{it.exchange} {it.routingKeyPattern}</b>
          </span>
        ))}
      </p>
      {metadata.description && <p class="pre">{metadata.description}</p>}
      <h2>Trigger it</h2>
      <Trigger hook={hook} path={path} />
      <h2>Last fires</h2>
      <PagedTable
        list={{ ...fires, error }}
        label="Last fires"
        heads={['When', 'By', 'Result', 'Task', 'State']}
        empty="It has not fired yet."
        row={(it) => (
          <tr key={it.taskId + it.taskCreateTime}>
            <td class="nowrap">
              <Ago time={it.taskCreateTime} />
            </td>
            <td>{it.firedBy}</td>
            <td class={it.result === 'error' ? 's4' : ''}>{it.result === 'error' ? <span class="pre">✕ {it.error}</span> : '✓ success'}</td>
            <td class="id">{it.result === 'success' && <a href={`/tasks/${it.taskId}`}>{it.taskId}</a>}</td>
            <td class="nowrap">{it.result === 'success' && it.taskState !== 'unknown' && <State state={it.taskState as Name} />}</td>
          </tr>
        )}
      />
    </>
  );
}

function Editor({ hook, id, path, reload }: { hook: Hook | null; id: string; path: string; reload: () => void }) {
  const { hookGroupId: _, hookId: __, ...known } = hook ?? ({} as Hook);
  const send = async (body: unknown) => {
    await api(path, { method: hook ? 'POST' : 'PUT', body });
    reload();
  };
  return <DefinitionForm start={hook ? known : NEW_HOOK} scope={`hooks:modify-hook:${id}`} send={send} />;
}

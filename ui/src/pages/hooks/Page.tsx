/** Hooks, by their groups: when they fire next, and how the last time went. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { Shown } from '../../parts/Shown';
import { Ago } from '../../parts/Time';
import type { Hook, HookStatus } from './data';

export default function Hooks({ params }: { params: Record<string, string> }) {
  const { group } = params;
  document.title = `${group ?? 'Hooks'} · Drover`;
  return (
    <>
      <div class="head">
        <h1>{group ? `Hooks of ${group}` : 'Hooks'}</h1>
        <Open group={group} />
      </div>
      {group ? <HooksOf group={group} /> : <Groups />}
    </>
  );
}

function Open({ group }: { group?: string }) {
  const [typed, setTyped] = useState('');
  const open = (event: Event) => {
    event.preventDefault();
    const [first, ...rest] = (group ? `${group}/${typed.trim()}` : typed.trim()).split('/');
    if (first && rest.join('')) go(`/hooks/${segment(first)}/${rest.map(segment).join('/')}`);
  };
  const label = group ? 'Id of a hook' : 'Group and id of a hook: group/id';
  return (
    <form class="actions" onSubmit={open}>
      <input aria-label={label} placeholder={group ? 'Hook id' : 'group/id'} value={typed} onInput={(it) => setTyped(it.currentTarget.value)} />
      <button>Open or create</button>
    </form>
  );
}

function Groups() {
  const data = useData('hook groups', (signal) => api<{ groups: string[] }>('hooks/v1/hooks', { signal }));
  return (
    <Shown data={data}>
      {({ groups }) =>
        groups.length ? (
          groups.map((it) => (
            <section key={it}>
              <h2>
                <a href={`/hooks/${segment(it)}`}>{it}</a>
              </h2>
              <HooksOf group={it} />
            </section>
          ))
        ) : (
          <div class="card empty">There are no hooks. A hook creates a task at certain times, on a message or when somebody triggers it.</div>
        )
      }
    </Shown>
  );
}

function HooksOf({ group }: { group: string }) {
  const data = useData(`hooks ${group}`, (signal) => api<{ hooks: Hook[] }>(`hooks/v1/hooks/${segment(group)}`, { signal }));
  return (
    <Shown data={data}>
      {({ hooks }) => (
        <div class="table">
          <table aria-label={`Hooks of ${group}`}>
            <thead>
              <tr>
                <th>Hook</th>
                <th>Name</th>
                <th>Schedule</th>
                <th>Next</th>
                <th>Last</th>
              </tr>
            </thead>
            <tbody>
              {hooks.map((it) => (
                <Row key={it.hookId} hook={it} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Shown>
  );
}

function Row({ hook }: { hook: Hook }) {
  const { hookGroupId, hookId, metadata, schedule, bindings } = hook;
  const path = `${segment(hookGroupId)}/${segment(hookId)}`;
  const { value } = useData(`hook status ${path}`, (signal) => api<HookStatus>(`hooks/v1/hooks/${path}/status`, { signal }));
  return (
    <tr>
      <td class="id">
        <a href={`/hooks/${path}`}>{hookId}</a>
      </td>
      <td>{metadata.name}</td>
      <td class="mono">{[...schedule, ...(bindings ?? []).map((it) => it.exchange)].join(', ')}</td>
      <td class="nowrap">{value && schedule.length > 0 && <Ago time={value.nextScheduledDate} />}</td>
      <td class="nowrap">{value && <LastFire status={value} />}</td>
    </tr>
  );
}

function LastFire({ status }: { status: HookStatus }) {
  const { result, taskId, time } = status.lastFire;
  if (result === 'no-fire') return <span class="quiet">never</span>;
  return (
    <>
      <span class={result === 'error' ? 's4' : ''}>{result === 'error' ? '✕ failed ' : ''}</span>
      {taskId ? (
        <a href={`/tasks/${taskId}`}>
          <Ago time={time} />
        </a>
      ) : (
        <Ago time={time} />
      )}
    </>
  );
}

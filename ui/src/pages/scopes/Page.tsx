/** Scopes: who has one, and what some expand to. */
import { segment, api } from '../../api/fetch';
import { useData } from '../../api/useData';
import { place, setQuery } from '../../app/router';
import { ScopeList } from '../../parts/ScopeList';
import { Shown } from '../../parts/Shown';
import type { Client } from '../clients/Page';
import type { Role } from '../roles/Page';

const satisfies = (held: string, wanted: string) => held === wanted || (held.endsWith('*') && wanted.startsWith(held.slice(0, -1)));

/** The scope of a list that gives the wanted one. */
const giver = (scopes: string[], wanted: string) => scopes.find((it) => satisfies(it, wanted));

async function all<T>(path: string, name: string, signal: AbortSignal): Promise<T[]> {
  const found: T[] = [];
  for (let token = ''; ; ) {
    const page = await api<Record<string, unknown>>(`${path}?limit=1000${token && `&continuationToken=${encodeURIComponent(token)}`}`, { signal });
    found.push(...(page[name] as T[]));
    if (!page.continuationToken) return found;
    token = page.continuationToken as string;
  }
}

export default function Scopes() {
  document.title = 'Scopes · Drover';
  const scope = place.value.query.get('scope') ?? '';
  const expand = place.value.query.get('expand') ?? '';
  const data = useData('who', async (signal) => ({
    clients: await all<Client>('auth/v1/clients/', 'clients', signal),
    roles: await all<Role>('auth/v1/roles2/', 'roles', signal),
  }));
  const expanded = useData(expand ? `expand ${expand}` : '', async (signal) => {
    const scopes = expand.split(/\s+/).filter(Boolean);
    return (await api<{ scopes: string[] }>('auth/v1/scopes/expand', { method: 'POST', body: { scopes }, signal })).scopes;
  });
  return (
    <>
      <h1>Scopes</h1>
      <div class="columns above">
        <section>
          <h2>Who has a scope?</h2>
          <input class="wide" aria-label="Scope" placeholder="queue:create-task:highest:p/w" spellcheck={false} value={scope} onInput={(it) => setQuery({ scope: it.currentTarget.value.trim() })} />
          {scope && <Shown data={data}>{({ clients, roles }) => <Holders scope={scope} clients={clients} roles={roles} />}</Shown>}
        </section>
        <section>
          <h2>What do scopes expand to?</h2>
          <input class="wide" aria-label="Scopes to expand" placeholder="assume:repo:example:branch:main" spellcheck={false} value={expand} onInput={(it) => setQuery({ expand: it.currentTarget.value })} />
          {expand && <div class="above"><Shown data={expanded}>{(list) => <ScopeList scopes={list} />}</Shown></div>}
        </section>
      </div>
    </>
  );
}

function Holders({ scope, clients, roles }: { scope: string; clients: Client[]; roles: Role[] }) {
  const found = [
    ...clients.map((it) => ({ id: it.clientId, path: `/auth/clients/${segment(it.clientId)}`, kind: it.disabled ? 'client, disabled' : 'client', own: it.scopes, all: it.expandedScopes })),
    ...roles.map((it) => ({ id: it.roleId, path: `/auth/roles/${segment(it.roleId)}`, kind: 'role', own: it.scopes, all: it.expandedScopes })),
  ].filter((it) => giver(it.all, scope));
  if (!found.length) return <p class="card empty above">Nobody has it.</p>;
  return (
    <div class="table above">
      <table aria-label="Holders">
        <thead>
          <tr>
            <th>Who</th>
            <th>Kind</th>
            <th>Through</th>
          </tr>
        </thead>
        <tbody>
          {found.map((it) => (
            <tr key={it.kind + it.id}>
              <td class="id">
                <a href={it.path}>{it.id}</a>
              </td>
              <td class="nowrap">{it.kind}</td>
              <td class="id">
                <code>{giver(it.own, scope) ?? `${giver(it.all, scope)}, by a role`}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

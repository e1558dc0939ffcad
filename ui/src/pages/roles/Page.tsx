/** Roles, and who has a scope through them. */
import { useState } from 'preact/hooks';
import { segment } from '../../api/fetch';
import { go } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';

export interface Role {
  roleId: string;
  description: string;
  scopes: string[];
  expandedScopes: string[];
  created: string;
  lastModified: string;
}

export default function Roles() {
  document.title = 'Roles · Drover';
  const [typed, setTyped] = useState('');
  const list = usePages<Role>('auth/v1/roles2/?limit=500', (it) => it.roles);
  const shown = { ...list, rows: list.rows.filter((it) => it.roleId.includes(typed.trim())) };
  return (
    <>
      <div class="head">
        <h1>Roles</h1>
        <form
          class="actions"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed.trim()) go(`/auth/roles/${segment(typed.trim())}`);
          }}
        >
          <input type="search" aria-label="Filter, or the id of a new role" placeholder="Filter, or a new id" value={typed} onInput={(it) => setTyped(it.currentTarget.value)} />
          <button>Open or create</button>
        </form>
      </div>
      <PagedTable
        list={shown}
        label="Roles"
        heads={['Role', 'Description', 'Scopes', 'Changed']}
        empty={list.rows.length ? 'No role has such an id.' : 'There are no roles.'}
        row={(it) => (
          <tr key={it.roleId}>
            <td class="id">
              <a href={`/auth/roles/${segment(it.roleId)}`}>{it.roleId}</a>
            </td>
            <td>{it.description.split('\n')[0]}</td>
            <td>{it.scopes.length}</td>
            <td class="nowrap">
              <Ago time={it.lastModified} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

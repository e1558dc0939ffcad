/** One role: what it gives. */
import { api, apiOrNull, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { ScopeEditor } from '../../parts/ScopeEditor';
import { Shown } from '../../parts/Shown';
import { Ago } from '../../parts/Time';
import type { Role } from './Page';

export default function RolePage({ params }: { params: Record<string, string> }) {
  const { role } = params;
  document.title = `${role} · Drover`;
  const path = `auth/v1/roles/${segment(role)}`;
  const data = useData(`role ${role}`, (signal) => apiOrNull<Role>(path, { signal }));
  const save = (exists: boolean) => async (scopes: string[], description: string) => {
    await api(path, { method: exists ? 'POST' : 'PUT', body: { description, scopes } });
    data.reload();
  };
  return (
    <Shown data={data}>
      {(it) => (
        <>
          <div class="head">
            <h1>{role}</h1>
            {it ? (
              <div class="actions">
                <Action
                  scopes={[`auth:delete-role:${role}`]}
                  kind="danger"
                  ask={`Delete the role ${role}? Whoever assumes it loses its scopes.`}
                  run={() => api(path, { method: 'DELETE' }).then(() => go('/auth/roles'))}
                >
                  Delete
                </Action>
              </div>
            ) : (
              <span class="quiet">There is no such role; saving creates it.</span>
            )}
          </div>
          {it && (
            <p class="facts">
              <span>
                created <b><Ago time={it.created} /></b>
              </span>
              <span>
                changed <b><Ago time={it.lastModified} /></b>
              </span>
            </p>
          )}
          <ScopeEditor
            key={`${!!it} ${it?.scopes.join()}`}
            scopes={it?.scopes ?? []}
            description={it?.description ?? ''}
            expanded={it?.expandedScopes ?? []}
            saveScope={it ? `auth:update-role:${role}` : `auth:create-role:${role}`}
            save={save(!!it)}
          />
        </>
      )}
    </Shown>
  );
}

/** One client: what it was given, and what that means. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { Shown } from '../../parts/Shown';
import { ScopeEditor } from '../../parts/ScopeEditor';
import { Ago } from '../../parts/Time';
import { NewToken, type Client } from './Page';

export default function ClientPage({ params }: { params: Record<string, string> }) {
  const { client } = params;
  document.title = `${client} · Drover`;
  const path = `auth/v1/clients/${segment(client)}`;
  const data = useData(`client ${client}`, (signal) => api<Client>(path, { signal }));
  const [token, setToken] = useState('');
  const save = (it: Client) => async (scopes: string[], description: string) => {
    await api(path, { method: 'POST', body: { description, expires: it.expires, scopes } });
    data.reload();
  };
  return (
    <Shown data={data}>
      {(it) => (
        <>
          <div class="head">
            <h1>{it.clientId}</h1>
            {it.disabled && <span class="s4">✕ disabled</span>}
            <div class="actions">
              <Action
                scopes={[`auth:${it.disabled ? 'enable' : 'disable'}-client:${client}`]}
                run={() => api(`${path}/${it.disabled ? 'enable' : 'disable'}`, { method: 'POST' }).then(data.reload)}
              >
                {it.disabled ? 'Enable' : 'Disable'}
              </Action>
              <Action
                scopes={[`auth:reset-access-token:${client}`]}
                ask="Make a new access token? The old one is good for nothing then, and its sessions end."
                run={async () => setToken((await api<{ accessToken: string }>(`${path}/reset`, { method: 'POST' })).accessToken)}
              >
                New token
              </Action>
              <Action
                scopes={[`auth:delete-client:${client}`]}
                kind="danger"
                ask={`Delete the client ${client}?`}
                run={() => api(path, { method: 'DELETE' }).then(() => go('/auth/clients'))}
              >
                Delete
              </Action>
            </div>
          </div>
          {token && <NewToken token={token} close={() => setToken('')} />}
          <p class="facts">
            <span>
              last used <b><Ago time={it.lastDateUsed} /></b>
            </span>
            <span>
              expires <b><Ago time={it.expires} /></b>
            </span>
          </p>
          <ScopeEditor
            key={it.scopes.join()}
            scopes={it.scopes}
            description={it.description}
            expanded={it.expandedScopes}
            saveScope={`auth:update-client:${client}`}
            save={save(it)}
          />
        </>
      )}
    </Shown>
  );
}

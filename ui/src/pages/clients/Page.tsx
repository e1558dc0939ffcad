/** Clients: who may sign requests. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { go } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';
import { Action } from '../../parts/Action';
import { copyText } from '../../parts/copy';
import { Dialog } from '../../parts/Dialog';
import { Ago } from '../../parts/Time';

export interface Client {
  clientId: string;
  description: string;
  expires: string;
  lastDateUsed: string;
  disabled: boolean;
  scopes: string[];
  expandedScopes: string[];
}

export default function Clients() {
  document.title = 'Clients · Drover';
  const [prefix, setPrefix] = useState('');
  const list = usePages<Client>(`auth/v1/clients/?limit=200${prefix ? `&prefix=${encodeURIComponent(prefix)}` : ''}`, (it) => it.clients);
  const [id, setId] = useState('');
  const [token, setToken] = useState('');
  const create = async () => {
    const body = { description: '', expires: new Date(Date.now() + 365 * 86_400_000).toISOString(), scopes: [] };
    const made = await api<{ accessToken: string }>(`auth/v1/clients/${segment(id.trim())}`, { method: 'PUT', body });
    setToken(made.accessToken);
  };
  return (
    <>
      <div class="head">
        <h1>Clients</h1>
        <div class="actions">
          <input type="search" aria-label="Ids that begin with" placeholder="Ids that begin with" value={prefix} onInput={(it) => setPrefix(it.currentTarget.value)} />
          <input aria-label="New client id" placeholder="New client id" value={id} onInput={(it) => setId(it.currentTarget.value)} />
          <Action scopes={[`auth:create-client:${id.trim() || '…'}`]} why={id.trim() ? undefined : 'Type its id first'} run={create}>
            Create
          </Action>
        </div>
      </div>
      {token && <NewToken token={token} close={() => go(`/auth/clients/${segment(id.trim())}`)} />}
      <PagedTable
        list={list}
        label="Clients"
        heads={['Client', 'Description', 'Scopes', 'Last used', 'Expires']}
        empty="No client has such an id."
        row={(it) => (
          <tr key={it.clientId}>
            <td class="id">
              <a href={`/auth/clients/${segment(it.clientId)}`}>{it.clientId}</a>
              {it.disabled && <span class="s4"> disabled</span>}
            </td>
            <td>{it.description.split('\n')[0]}</td>
            <td>{it.scopes.length}</td>
            <td class="nowrap">
              <Ago time={it.lastDateUsed} />
            </td>
            <td class="nowrap">
              <Ago time={it.expires} />
            </td>
          </tr>
        )}
      />
    </>
  );
}

/** Shown once: the server cannot show it again. */
export function NewToken({ token, close }: { token: string; close: () => void }) {
  return (
    <Dialog title="Its access token, shown this once" close={close}>
      <pre tabIndex={0}>{token}</pre>
      <div class="buttons">
        <button onClick={() => void copyText(token, 'Copied.')}>Copy</button>
        <button class="primary" onClick={close}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

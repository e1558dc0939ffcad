/** Addresses that get no notifications. */
import { useState } from 'preact/hooks';
import { api } from '../../api/fetch';
import { Action } from '../../parts/Action';
import { PagedTable, usePages } from '../../parts/Page';

interface Address {
  notificationType: string;
  notificationAddress: string;
}

const TYPES = ['email', 'pulse', 'matrix-room', 'slack-channel'];
const SCOPES = ['notify:manage-denylist'];

export default function Denylist() {
  document.title = 'Denylist · Drover';
  const list = usePages<Address>('notify/v1/denylist/list?limit=200', (it) => it.addresses);
  const [address, setAddress] = useState<Address>({ notificationType: 'email', notificationAddress: '' });
  const add = async () => {
    await api('notify/v1/denylist/add', { method: 'POST', body: address });
    setAddress({ ...address, notificationAddress: '' });
    list.reload();
  };
  const remove = (it: Address) => async () => {
    await api('notify/v1/denylist/delete', { method: 'DELETE', body: it });
    list.reload();
  };
  return (
    <>
      <div class="head">
        <h1>Denylist</h1>
        <form class="actions" onSubmit={(it) => it.preventDefault()}>
          <select aria-label="Kind" value={address.notificationType} onChange={(it) => setAddress({ ...address, notificationType: it.currentTarget.value })}>
            {TYPES.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
          <input
            aria-label="Address"
            placeholder="Address"
            value={address.notificationAddress}
            onInput={(it) => setAddress({ ...address, notificationAddress: it.currentTarget.value })}
          />
          <Action scopes={SCOPES} why={address.notificationAddress ? undefined : 'An address is missing'} run={add} done="It gets no more notifications.">
            Deny
          </Action>
        </form>
      </div>
      <p class="quiet">Who is listed here gets no notifications. Addresses that refused three mails for good are added by Drover.</p>
      <PagedTable
        list={list}
        label="Denied addresses"
        heads={['Kind', 'Address', 'Action']}
        empty="Everybody gets what is sent."
        row={(it) => (
          <tr key={`${it.notificationType} ${it.notificationAddress}`}>
            <td>{it.notificationType}</td>
            <td class="id">{it.notificationAddress}</td>
            <td class="right">
              <Action scopes={SCOPES} run={remove(it)} done="It gets notifications again.">
                Allow again
              </Action>
            </td>
          </tr>
        )}
      />
    </>
  );
}

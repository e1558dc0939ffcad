/** Who changed what: the history of one client, role, secret, hook or worker pool, or of what one client did. */
import { segment } from '../../api/fetch';
import { place, setQuery } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';

interface Change {
  clientId: string;
  actionType: string;
  entityType: string;
  entityId: string;
  created: string;
}

const KINDS = { by: 'what a client did', client: 'a client', role: 'a role', secret: 'a secret', hook: 'a hook', 'worker-pool': 'a worker pool' };

export default function Audit() {
  document.title = 'Audit · Drover';
  const { query } = place.value;
  const kind = query.get('type') ?? 'by';
  const id = query.get('id') ?? '';
  const submit = (event: Event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setQuery({ type: String(fields.get('type')), id: String(fields.get('id')).trim() }, false);
  };
  return (
    <>
      <div class="head">
        <h1>Audit</h1>
        <form class="actions" key={`${kind} ${id}`} onSubmit={submit}>
          <select name="type" aria-label="History of">
            {Object.entries(KINDS).map(([value, name]) => (
              <option key={value} value={value} selected={value === kind}>
                {name}
              </option>
            ))}
          </select>
          <input name="id" aria-label="Its id" placeholder="Id" defaultValue={id} />
          <button>Show</button>
        </form>
      </div>
      {id ? <History kind={kind} id={id} /> : <div class="card empty">Changes of the last thirty days, oldest first: choose of what.</div>}
    </>
  );
}

function History({ kind, id }: { kind: string; id: string }) {
  const path = kind === 'by' ? `auth/v1/clients/${segment(id)}/audit` : `auth/v1/audit/${segment(kind)}/${segment(id)}`;
  const list = usePages<Change>(`${path}?limit=200`, (it) => it.auditHistory);
  return (
    <PagedTable
      list={list}
      label="Changes"
      heads={['When', 'Who', 'What', 'Of']}
      empty="Nothing was changed in the last thirty days."
      row={(it) => (
        <tr key={it.created + it.entityId + it.actionType}>
          <td class="nowrap">
            <Ago time={it.created} />
          </td>
          <td class="id">
            <a href={`/audit?type=by&id=${segment(it.clientId)}`}>{it.clientId}</a>
          </td>
          <td>{it.actionType}</td>
          <td class="id">
            {it.entityType} <a href={`/audit?type=${segment(it.entityType)}&id=${segment(it.entityId)}`}>{it.entityId}</a>
          </td>
        </tr>
      )}
    />
  );
}

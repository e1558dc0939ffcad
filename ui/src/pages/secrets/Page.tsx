/** Secrets: names only. */
import { useState } from 'preact/hooks';
import { segment } from '../../api/fetch';
import { go } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';

export default function Secrets() {
  document.title = 'Secrets · Drover';
  const [name, setName] = useState('');
  const list = usePages<string>('secrets/v1/secrets?limit=500', (it) => it.secrets);
  const open = (event: Event) => {
    event.preventDefault();
    if (name.trim()) go(`/secrets/${segment(name.trim())}`);
  };
  return (
    <>
      <div class="head">
        <h1>Secrets</h1>
        <form class="actions" onSubmit={open}>
          <input aria-label="Name of a secret" placeholder="Name of a secret" value={name} onInput={(it) => setName(it.currentTarget.value)} />
          <button>Open or create</button>
        </form>
      </div>
      <PagedTable
        list={list}
        label="Secrets"
        heads={['Name']}
        empty="There are no secrets."
        row={(it) => (
          <tr key={it}>
            <td class="id">
              <a href={`/secrets/${segment(it)}`}>{it}</a>
            </td>
          </tr>
        )}
      />
    </>
  );
}

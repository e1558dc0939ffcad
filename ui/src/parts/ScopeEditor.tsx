/** Scopes of a client or a role: edited as lines, with the difference before it is saved, and what they expand to. */
import { useState } from 'preact/hooks';
import { api } from '../api/fetch';
import { useData } from '../api/useData';
import { Action } from './Action';
import { ScopeList } from './ScopeList';
import { Shown } from './Shown';

interface Props {
  scopes: string[];
  description: string;
  expanded: string[];
  saveScope: string;
  save: (scopes: string[], description: string) => Promise<void>;
}

const lines = (text: string) => [...new Set(text.split('\n').map((it) => it.trim()).filter(Boolean))].sort();

export function ScopeEditor({ scopes, description, expanded, saveScope, save }: Props) {
  const [text, setText] = useState([...scopes].sort().join('\n'));
  const [words, setWords] = useState(description);
  const now = lines(text);
  const added = now.filter((it) => !scopes.includes(it));
  const removed = scopes.filter((it) => !now.includes(it));
  const changed = added.length + removed.length > 0;
  const preview = useData(changed ? `expand ${now.join(' ')}` : '', async (signal) => (await api<{ scopes: string[] }>('auth/v1/scopes/expand', { method: 'POST', body: { scopes: now }, signal })).scopes);
  return (
    <div class="columns">
      <section class="form">
        <h2>Given</h2>
        <label class="field">
          Description
          <textarea rows={3} value={words} onInput={(it) => setWords(it.currentTarget.value)} />
        </label>
        <label class="field">
          Scopes, one a line
          <textarea class="mono" rows={Math.max(8, now.length + 2)} spellcheck={false} value={text} onInput={(it) => setText(it.currentTarget.value)} />
        </label>
        {changed && (
          <ul class="plain card" aria-label="Changes">
            {removed.map((it) => (
              <li key={it} class="s4">
                − <code>{it}</code>
              </li>
            ))}
            {added.map((it) => (
              <li key={it} class="s3">
                + <code>{it}</code>
              </li>
            ))}
          </ul>
        )}
        <div class="buttons">
          <Action scopes={[saveScope]} kind="primary" why={changed || words !== description ? undefined : 'Nothing is changed'} run={() => save(now, words)} done="It is saved.">
            Save
          </Action>
        </div>
      </section>
      <section>
        <h2>{changed ? 'Would expand to' : 'Expands to'}</h2>
        {changed ? (
          <Shown data={preview}>{(all) => <ScopeList scopes={all} before={expanded} />}</Shown>
        ) : (
          <ScopeList scopes={expanded} />
        )}
      </section>
    </div>
  );
}

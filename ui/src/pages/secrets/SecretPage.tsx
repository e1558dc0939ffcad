/** One secret. Its value is asked for by a click, shown for a minute, and in no address, title or history. */
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, segment } from '../../api/fetch';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { Problem } from '../../parts/Shown';
import { copyText } from '../../parts/copy';

/** How long a value stays on the screen, in milliseconds. */
const SHOWN = 60_000;

interface Secret {
  secret: Record<string, unknown>;
  expires: string;
}

export default function SecretPage({ params }: { params: Record<string, string> }) {
  const { name } = params;
  const path = `secrets/v1/secret/${segment(name)}`;
  const [text, setText] = useState<string | null>(null);
  const [expires, setExpires] = useState('');
  const [edits, setEdits] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  document.title = 'Secret · Drover';
  const hide = () => {
    setText(null);
    setEdits(false);
  };
  useEffect(() => {
    if (text === null || edits) return;
    const timer = setTimeout(hide, SHOWN);
    return () => clearTimeout(timer);
  }, [text, edits]);
  const get = async (): Promise<Secret | null> => {
    setError(null);
    try {
      return await api<Secret>(path);
    } catch (it) {
      setError(it as ApiError);
      return null;
    }
  };
  const show = async () => {
    const found = await get();
    if (!found) return;
    setExpires(found.expires);
    setText(JSON.stringify(found.secret, null, 2));
  };
  const copy = async () => {
    const found = await get();
    if (!found) return;
    await copyText(JSON.stringify(found.secret, null, 2), 'The value is in the clipboard.');
  };
  const create = () => {
    setError(null);
    setExpires(new Date(Date.now() + 365 * 86_400_000).toISOString());
    setEdits(true);
    setText('{\n  \n}');
  };
  const save = async () => {
    await api(path, { method: 'PUT', body: { secret: JSON.parse(text!), expires } });
    hide();
  };
  return (
    <>
      <div class="head">
        <h1>{name}</h1>
        <div class="actions">
          {text === null ? <button onClick={() => void show()}>Show value</button> : <button onClick={hide}>Hide value</button>}
          <button onClick={() => void copy()}>Copy without showing</button>
          <Action
            scopes={[`secrets:set:${name}`]}
            kind="danger"
            ask={`Delete the secret ${name}? Nobody can bring it back.`}
            run={async () => {
              await api(path, { method: 'DELETE' });
              go('/secrets');
            }}
            done="It is deleted."
          >
            Delete
          </Action>
        </div>
      </div>
      {error?.status === 404 ? (
        <div class="card empty">
          <p>There is no such secret.</p>
          <button onClick={create}>Create it</button>
        </div>
      ) : (
        error && <Problem error={error} />
      )}
      {text === null && !error && <div class="card empty">The value is not on this page until you ask for it.</div>}
      {text !== null && (
        <div class="form">
          <textarea
            class="editor"
            aria-label="Value"
            rows={14}
            spellcheck={false}
            autocomplete="off"
            value={text}
            onInput={(it) => {
              setEdits(true);
              setText(it.currentTarget.value);
            }}
          />
          <label>
            Expires
            <input value={expires} onInput={(it) => setExpires(it.currentTarget.value)} size={26} />
          </label>
          <div class="buttons">
            {!edits && <span class="quiet">It is hidden again after a minute.</span>}
            <Action scopes={[`secrets:set:${name}`]} kind="primary" run={save} done="It is saved.">
              Save
            </Action>
          </div>
        </div>
      )}
    </>
  );
}

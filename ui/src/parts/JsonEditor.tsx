/** A definition as JSON: edited, checked while it is typed, and the faults that the server found at their lines. */
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/fetch';
import { Action } from './Action';

export type Definition = Record<string, any>;

export function parse(text: string): { value?: Definition; error?: string } {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? { value } : { error: 'It has to be an object: { … }' };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

interface Props {
  label: string;
  text: string;
  change: (text: string) => void;
  problem?: ApiError | null;
  rows?: number;
}

export function JsonEditor({ label, text, change, problem, rows = 16 }: Props) {
  const { error } = parse(text);
  return (
    <>
      <textarea
        class="editor"
        aria-label={label}
        aria-invalid={!!error}
        spellcheck={false}
        rows={Math.min(34, Math.max(rows, text.split('\n').length + 1))}
        value={text}
        onInput={(it) => change(it.currentTarget.value)}
      />
      {error && (
        <div class="note warn" role="status">
          {error}
        </div>
      )}
      {problem && <Faults text={text} problem={problem} />}
    </>
  );
}

function Faults({ text, problem }: { text: string; problem: ApiError }) {
  return (
    <div class="note bad" role="alert">
      <p class="pre">{problem.message}</p>
      {problem.faults.length > 0 && (
        <ul>
          {problem.faults.map((it) => (
            <li key={it.pointer + it.expected}>
              <code>{it.pointer.replace('/payload', '') || '/'}</code> must {it.expected}
              {lineOf(text, it.pointer)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Where the key of a pointer stands in what was typed. */
function lineOf(text: string, pointer: string): string {
  const key = pointer.split('/').at(-1);
  const line = key ? text.split('\n').findIndex((it) => it.includes(`"${key}"`)) : -1;
  return line < 0 ? '' : ` (line ${line + 1})`;
}

interface FormProps {
  start: unknown;
  /** What saving needs. */
  scope: string;
  send: (value: Definition) => Promise<unknown>;
}

/** A definition that is edited and saved; what the server found wrong with it stays beside it. */
export function DefinitionForm({ start, scope, send }: FormProps) {
  const [text, change] = useState(() => JSON.stringify(start, null, 2));
  const [problem, setProblem] = useState<ApiError | null>(null);
  const { value } = parse(text);
  const save = async () => {
    setProblem(null);
    try {
      await send(value!);
    } catch (error) {
      setProblem(error as ApiError);
      throw error;
    }
  };
  return (
    <>
      <JsonEditor label="Definition" text={text} change={change} problem={problem} />
      <div class="buttons">
        <Action scopes={[scope]} kind="primary" why={value ? undefined : 'The definition cannot be read'} run={save} done="It is saved.">
          Save
        </Action>
      </div>
    </>
  );
}

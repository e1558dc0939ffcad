/** Lists that are read page by page. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError } from '../api/fetch';
import { session } from '../store/session';
import { Problem } from './Shown';

interface Answer {
  continuationToken?: string;
}

/** `path` with a query or none; `rows` takes the list out of an answer. */
export function usePages<T>(path: string, rows: (answer: any) => T[]) {
  const [state, setState] = useState<{ path: string; rows: T[]; next?: string; error?: ApiError; done: boolean }>({ path, rows: [], done: false });
  const [round, setRound] = useState(0);
  const who = session.value?.clientId ?? '';
  const get = async (before: T[], token: string | undefined, signal?: AbortSignal) => {
    const joined = path.includes('?') ? '&' : '?';
    try {
      const answer = await api<Answer>(path + (token ? `${joined}continuationToken=${encodeURIComponent(token)}` : ''), { signal });
      if (!signal?.aborted) setState({ path, rows: [...before, ...rows(answer)], next: answer.continuationToken, done: true });
    } catch (error) {
      if (!signal?.aborted) setState({ path, rows: before, error: error as ApiError, done: true });
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void get([], undefined, abort.signal);
    return () => abort.abort();
  }, [path, round, who]);
  const current = state.path === path ? state : { path, rows: [] as T[], done: false };
  return { ...current, more: () => void get(state.rows, state.next), reload: () => setRound((it) => it + 1) };
}

interface Props<T> {
  list: { rows: T[]; next?: string; error?: ApiError; done: boolean; more: () => void; reload: () => void };
  heads: string[];
  empty: ComponentChildren;
  row: (it: T) => ComponentChildren;
  label: string;
}

export function PagedTable<T>({ list, heads, empty, row, label }: Props<T>) {
  if (list.error && !list.rows.length) return <Problem error={list.error} retry={list.reload} />;
  if (!list.done) return null;
  if (!list.rows.length) return <div class="card empty">{empty}</div>;
  return (
    <>
      <div class="table">
        <table aria-label={label}>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head}>{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>{list.rows.map(row)}</tbody>
        </table>
      </div>
      {list.error && <Problem error={list.error} retry={list.more} />}
      {list.next && <button onClick={list.more}>More</button>}
    </>
  );
}

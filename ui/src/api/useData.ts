/** Data of a page: asked for when it is shown, dropped when it is left. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from '../store/session';
import { ApiError } from './fetch';

export interface Data<T> {
  value?: T;
  error?: ApiError;
  /** True once it takes long enough to be worth showing. */
  slow: boolean;
  reload: () => void;
}

const SLOW = 200;

/** Asks again when `key` changes or somebody signs in or out; what was there stays on the screen meanwhile. */
export function useData<T>(key: string, get: (signal: AbortSignal) => Promise<T>): Data<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: ApiError; slow: boolean }>({ key, slow: false });
  const [round, setRound] = useState(0);
  const latest = useRef(get);
  latest.current = get;
  const who = session.value?.clientId ?? '';
  useEffect(() => {
    if (!key) return;
    const abort = new AbortController();
    const timer = setTimeout(() => setState((it) => (it.key === key ? { ...it, slow: true } : { key, slow: true })), SLOW);
    latest.current(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ key, value, slow: false }),
      (error) => {
        if (abort.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, { message: String(error) });
        setState((it) => ({ key, value: it.key === key ? it.value : undefined, error: known, slow: false }));
      },
    ).finally(() => clearTimeout(timer));
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, round, who]);
  const reload = () => setRound((it) => it + 1);
  return state.key === key ? { ...state, reload } : { slow: false, reload };
}

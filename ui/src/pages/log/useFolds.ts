/** The sections of a log, once all of it is there, and which of them are folded. */
import { useEffect, useState } from 'preact/hooks';
import { Folds, sectionsOf } from '../../store/folds';
import type { LogText } from '../../store/logText';

export function useFolds(log: LogText, done: boolean): [Folds, (folds: Folds) => void] {
  const [folds, setFolds] = useState(() => new Folds());
  useEffect(() => {
    if (!done) return;
    const abort = new AbortController();
    void sectionsOf(log, abort.signal).then((sections) => abort.signal.aborted || setFolds(new Folds(sections)));
    return () => abort.abort();
  }, [log, done]);
  return [folds, setFolds];
}

/** The search of a log: the browser's own would only find the lines in view. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { search, type LogText, type Matches } from '../../store/logText';

export interface Found {
  /** The line of the match that is shown. */
  line: number;
  step: (by: number) => void;
  /** What to mark in lines. */
  expression: RegExp | null;
  box: JSX.Element;
}

const NONE: Matches = { lines: [], count: 0 };

export function useSearch(log: LogText, lines: number, done: boolean, jump: (line: number) => void): Found {
  const [typed, setTyped] = useState('');
  const [regular, setRegular] = useState(false);
  const [matches, setMatches] = useState<Matches>(NONE);
  const [at, setAt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    if (!typed) setMatches(NONE);
    else {
      const started = performance.now();
      void search(log, typed, regular, abort.signal).then((found) => {
        if (!found) return;
        performance.measure('log-search', { start: started });
        setMatches(found);
        setAt(0);
        if (found.lines.length) jump(found.lines[0]);
      });
    }
    return () => abort.abort();
  }, [typed, regular, done]);
  const step = (by: number) => {
    const count = matches.lines.length;
    if (!count) return;
    const next = (at + by + count) % count;
    setAt(next);
    jump(matches.lines[next]);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
    if (event.key === 'Escape') setTyped('');
  };
  const box = (
    <>
      <input
        type="search"
        class="log-search"
        placeholder="Search all of it (Ctrl-F)"
        aria-label="Search the log"
        spellcheck={false}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <button aria-pressed={regular} onClick={() => setRegular(!regular)} title="A regular expression">
        .*
      </button>
      {typed && (
        <span role="status">
          {matches.count ? `${matches.lines.length ? at + 1 : 0} of ${matches.lines.length} lines, ${matches.count.toLocaleString('en')} matches` : 'no match'}
        </span>
      )}
      <button onClick={() => step(-1)} disabled={!matches.count} aria-label="Previous match">
        ↑
      </button>
      <button onClick={() => step(1)} disabled={!matches.count} aria-label="Next match">
        ↓
      </button>
    </>
  );
  void lines;
  return { line: matches.lines[at] ?? -1, step, expression: mark(typed, regular), box };
}

function mark(typed: string, regular: boolean): RegExp | null {
  if (!typed) return null;
  const flags = typed === typed.toLowerCase() ? 'gi' : 'g';
  try {
    return new RegExp(regular ? typed : typed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags);
  } catch {
    return null;
  }
}

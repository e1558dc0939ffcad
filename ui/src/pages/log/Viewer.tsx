/** The lines in view, the search box, and what is selected. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from '../../app/keys';
import { go, place } from '../../app/router';
import { copyText } from '../../parts/copy';
import { change, settings } from '../../store/settings';
import type { LogText } from '../../store/logText';
import { Line } from './Line';
import type { Progress } from './read';
import { scaleOf, ROW } from './scale';
import { useFolds } from './useFolds';
import { useSearch } from './useSearch';

interface Props {
  log: LogText;
  progress: Progress;
  begin: (log: LogText) => number;
  running: boolean;
  /** The state of the task is known. */
  known: boolean;
}

const OVERSCAN = 10;

/** `#L10` or `#L10-L20`, from 1. */
function selection(): [number, number] | null {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(place.value.hash);
  if (!found) return null;
  const [a, b] = [Number(found[1]) - 1, Number(found[2] ?? found[1]) - 1];
  return [Math.min(a, b), Math.max(a, b)];
}

export function Viewer({ log, progress, begin, running, known }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  const [follows, setFollows] = useState(false);
  const [seen, setSeen] = useState(0);
  const started = useRef(false);
  const wanted = useRef(-1);
  const lines = log.lines;
  const { logTimes, logWrap: wraps } = settings.value;
  const [folds, setFolds] = useFolds(log, progress.done);
  const rows = folds.rows(lines);
  // Lines that wrap are drawn from the first one in view on: the last one must be able to be the first.
  const scale = scaleOf(rows + (wraps ? Math.floor(height / ROW) - 1 : 0), height);
  const inView = Math.ceil(height / ROW);
  const atEnd = wraps && follows;
  const first = Math.max(0, atEnd ? rows - inView : scale.lineOf(top) - (wraps ? 0 : OVERSCAN));
  const last = Math.min(rows, first + inView + (wraps ? 0 : 2 * OVERSCAN));
  const jump = (line: number) => {
    const shown = folds.showing(line);
    if (shown !== folds) {
      wanted.current = line;
      return setFolds(shown);
    }
    const element = scroller.current!;
    element.scrollTop = scale.topOf(Math.max(0, folds.rowOf(line) - (wraps ? 0 : Math.floor(height / ROW / 3))));
    setTop(element.scrollTop);
  };
  // What was folded away has to be there before it is scrolled to.
  useLayoutEffect(() => {
    const line = wanted.current;
    wanted.current = -1;
    if (line >= 0) jump(line);
  }, [folds]);
  const found = useSearch(log, lines, progress.done, jump);
  const chosen = selection();

  useEffect(() => {
    const fit = () => setHeight(Math.max(200, innerHeight - scroller.current!.getBoundingClientRect().top - 24));
    fit();
    addEventListener('resize', fit);
    return () => removeEventListener('resize', fit);
  }, []);

  useEffect(() => {
    if (running && !progress.done && !place.value.hash) setFollows(true);
  }, [running]);

  useEffect(() => {
    if (follows) {
      scroller.current!.scrollTop = scroller.current!.scrollHeight;
      setSeen(lines);
      return;
    }
    if (started.current || !lines || !(known || chosen)) return;
    const line = chosen ? chosen[0] : progress.done ? begin(log) : -1;
    if (chosen ? lines > line : progress.done) started.current = true;
    if (line >= 0 && line < lines) jump(line);
  }, [lines, follows, progress.done, known]);

  // Another address of the same log: by a link, or back in the history.
  const { hash } = place.value;
  useEffect(() => {
    const line = selection()?.[0];
    const row = line === undefined ? -1 : folds.rowOf(line);
    const isShown = line !== undefined && row >= scale.lineOf(top) && row < scale.lineOf(top) + height / ROW - 1;
    if (line !== undefined && line < lines && started.current && !isShown) jump(line);
  }, [hash]);

  const onScroll = () => {
    const element = scroller.current!;
    setTop(element.scrollTop);
    const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * ROW;
    if (!progress.done && atEnd !== follows && (running || follows)) {
      setFollows(atEnd);
      setSeen(lines);
    }
  };

  const choose = (line: number, extend: boolean) => {
    const from = extend && chosen ? Math.min(chosen[0], line) : line;
    const to = extend && chosen ? Math.max(chosen[0], line) : line;
    const hash = from === to ? `#L${from + 1}` : `#L${from + 1}-L${to + 1}`;
    go(location.pathname + location.search + hash, true);
  };
  const copy = async () => {
    if (!chosen) return;
    await copyText(log.range(chosen[0], Math.min(chosen[1], lines - 1)), `${chosen[1] - chosen[0] + 1} lines are copied.`);
  };
  useKeys(
    [
      { keys: 'Ctrl-F', what: 'Search the log', run: () => document.querySelector<HTMLInputElement>('.log-search')?.focus() },
      { keys: 'n', what: 'Next match', run: () => found.step(1) },
      { keys: 'N', what: 'Previous match', run: () => found.step(-1) },
      { keys: 'G', what: 'To the end', run: () => jump(lines) },
    ],
  );
  const copyLink = () => copyText(location.href, 'The link to these lines is copied.');
  const shown = [];
  for (let row = first; row < last; row++) {
    const line = folds.lineOf(row);
    shown.push(
      <Line
        key={line}
        log={log}
        line={line}
        top={wraps ? undefined : scale.placeOf(row, top)}
        times={logTimes}
        chosen={!!chosen && line >= chosen[0] && line <= chosen[1]}
        current={line === found.line}
        match={found.expression}
        choose={choose}
        section={folds.at(line)}
        folded={folds.folded.has(line)}
        fold={(head) => setFolds(folds.toggled(head))}
      />,
    );
  }
  const behind = !follows && running && !progress.done ? lines - seen : 0;
  return (
    <>
      <div class="bar">
        {found.box}
        <button aria-pressed={logTimes} onClick={() => change({ logTimes: !logTimes })} title="The times that lines begin with">
          Times
        </button>
        <button aria-pressed={wraps} onClick={() => change({ logWrap: !wraps })} title="Long lines">
          Wrap
        </button>
        {folds.sections.length > 0 && (
          <button aria-pressed={folds.folded.size > 0} onClick={() => setFolds(folds.all(!folds.folded.size))} title="What follows the lines of the worker">
            Fold
          </button>
        )}
        {chosen && <button onClick={() => void copy()}>Copy {chosen[1] - chosen[0] + 1} lines</button>}
        {chosen && <button onClick={() => void copyLink()}>Copy link</button>}
        {behind > 0 && <button onClick={() => setFollows(true)}>{behind} new lines</button>}
        <span class="quiet" role="status">
          {status(progress, log, lines)}
        </span>
      </div>
      <div class="log" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="Log" style={{ height: `${height}px` }}>
        <div class={wraps ? 'space wraps' : 'space'} style={{ height: `${scale.height}px` }}>
          {wraps ? (
            <div class={atEnd ? 'in-view at-end' : 'in-view'} style={{ height: `${height - 2}px` }}>
              {shown}
            </div>
          ) : (
            shown
          )}
        </div>
      </div>
    </>
  );
}

function status(progress: Progress, log: LogText, lines: number): string {
  const skipped = progress.skipped ? `, without the first ${Math.round(progress.skipped / 1e6)} MB (Raw has them)` : '';
  if (progress.done) return `${lines.toLocaleString('en')} lines${skipped}`;
  if (!log.length) return 'Waiting for the log…';
  if (!progress.total) return `${lines.toLocaleString('en')} lines, and more to come`;
  return `${Math.floor((100 * log.length) / progress.total)} % read`;
}

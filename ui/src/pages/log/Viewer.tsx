/** The lines in view, the search box, and what is selected. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from '../../app/keys';
import { go, place } from '../../app/router';
import { copyText } from '../../parts/copy';
import { pieces } from '../../store/ansi';
import { change, settings } from '../../store/settings';
import type { LogText } from '../../store/logText';
import type { Progress } from './read';
import { scaleOf, ROW } from './scale';
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
  const lines = log.lines;
  const scale = scaleOf(lines, height);
  const first = Math.max(0, scale.lineOf(top) - OVERSCAN);
  const last = Math.min(lines, first + Math.ceil(height / ROW) + 2 * OVERSCAN);
  const jump = (line: number) => {
    const element = scroller.current!;
    element.scrollTop = scale.topOf(Math.max(0, line - Math.floor(height / ROW / 3)));
    setTop(element.scrollTop);
  };
  const { logTimes } = settings.value;
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
    const wanted = chosen ? chosen[0] : progress.done ? begin(log) : -1;
    if (chosen ? lines > wanted : progress.done) started.current = true;
    if (wanted >= 0 && wanted < lines) jump(wanted);
  }, [lines, follows, progress.done, known]);

  // Another address of the same log: by a link, or back in the history.
  const { hash } = place.value;
  useEffect(() => {
    const wanted = selection()?.[0];
    const inView = wanted !== undefined && wanted >= scale.lineOf(top) && wanted < scale.lineOf(top) + height / ROW - 1;
    if (wanted !== undefined && wanted < lines && started.current && !inView) jump(wanted);
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
  const shown = [];
  for (let line = first; line < last; line++) {
    shown.push(
      <Line
        key={line}
        log={log}
        line={line}
        top={scale.placeOf(line, top)}
        times={logTimes}
        chosen={!!chosen && line >= chosen[0] && line <= chosen[1]}
        current={line === found.line}
        match={found.expression}
        choose={choose}
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
        {chosen && <button onClick={() => void copy()}>Copy {chosen[1] - chosen[0] + 1} lines</button>}
        {behind > 0 && <button onClick={() => setFollows(true)}>{behind} new lines</button>}
        <span class="quiet" role="status">
          {status(progress, log, lines)}
        </span>
      </div>
      <div class="log" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="Log" style={{ height: `${height}px` }}>
        <div class="space" style={{ height: `${scale.height}px` }}>
          {shown}
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

interface LineProps {
  log: LogText;
  line: number;
  top: number;
  times: boolean;
  chosen: boolean;
  current: boolean;
  match: RegExp | null;
  choose: (line: number, extend: boolean) => void;
}

/** As workers write them. */
const TIME = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\]\s?/;

function Line({ log, line, top, times, chosen, current, match, choose }: LineProps) {
  const { text: whole, cut } = log.text(line);
  const text = times ? whole : whole.replace(TIME, '');
  return (
    <div class={`line${chosen ? ' chosen' : ''}${current ? ' current' : ''}`} style={{ transform: `translateY(${top}px)` }}>
      <a
        class="number"
        href={`#L${line + 1}`}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          choose(line, event.shiftKey);
        }}
      >
        {line + 1}
      </a>
      <span>
        {pieces(text).map((it, index) => (
          <span key={index} class={it.className || undefined} style={it.color || it.background ? { '--c': it.color, '--b': it.background } : undefined}>
            {match ? marked(it.text, match) : it.text}
          </span>
        ))}
        {cut > 0 && <span class="quiet"> … {cut.toLocaleString('en')} bytes more in Raw</span>}
      </span>
    </div>
  );
}

function marked(text: string, match: RegExp) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(match)) {
    if (!found[0]) break;
    parts.push(text.slice(from, found.index), <mark key={found.index}>{found[0]}</mark>);
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** One line of a log: its number, its colours, what was found in it, and the section that it begins. */
import { pieces } from '../../store/ansi';
import type { Section } from '../../store/folds';
import type { LogText } from '../../store/logText';

interface Props {
  log: LogText;
  line: number;
  /** Where it is drawn; a line that wraps stands below the one before. */
  top?: number;
  times: boolean;
  chosen: boolean;
  current: boolean;
  match: RegExp | null;
  choose: (line: number, extend: boolean) => void;
  section?: Section;
  folded: boolean;
  fold: (head: number) => void;
}

/** As workers write them. */
const TIME = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\]\s?/;

export function Line({ log, line, top, times, chosen, current, match, choose, section, folded, fold }: Props) {
  const { text: whole, cut } = log.text(line);
  const text = times ? whole : whole.replace(TIME, '');
  return (
    <div class={`line${chosen ? ' chosen' : ''}${current ? ' current' : ''}`} style={top === undefined ? undefined : { transform: `translateY(${top}px)` }}>
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
      {section && (
        <button class="fold" tabIndex={-1} aria-expanded={!folded} aria-label={`${section.end - line - 1} lines`} onClick={() => fold(line)}>
          {folded ? '▸' : '▾'}
        </button>
      )}
      <span>
        {pieces(text).map((it, index) => (
          <span key={index} class={it.className || undefined} style={it.color || it.background ? { '--c': it.color, '--b': it.background } : undefined}>
            {match ? marked(it.text, match) : it.text}
          </span>
        ))}
        {cut > 0 && <span class="quiet"> … {cut.toLocaleString('en')} bytes more in Raw</span>}
        {section && folded && <span class="quiet"> … {(section.end - line - 1).toLocaleString('en')} lines</span>}
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

/** Sections of a log: what follows a line of the worker, up to its next one. A section may be folded away behind its first line. */
import { search, type LogText } from './logText.ts';

export interface Section {
  /** The line that stays. */
  head: number;
  /** The first line after it. */
  end: number;
}

/** As generic-worker begins its own lines. */
const MARK = '[taskcluster';
/** More sections help nobody. */
const MOST = 10_000;

export async function sectionsOf(log: LogText, signal: AbortSignal): Promise<Section[]> {
  const found = await search(log, MARK, false, signal);
  const heads = (found?.lines ?? []).filter((line) => log.text(line, MARK.length).text === MARK);
  const sections = heads.map((head, index) => ({ head, end: heads[index + 1] ?? log.lines }));
  return sections.filter(({ head, end }) => end > head + 1).slice(0, MOST);
}

/** What of a log is shown: rows are the lines that are not folded away. */
export class Folds {
  /** Folded ones, in order, with how many lines are hidden up to the end of each. */
  private readonly hidden: { head: number; end: number; before: number; after: number }[] = [];
  private readonly byHead: Map<number, Section>;

  constructor(
    readonly sections: Section[] = [],
    readonly folded: ReadonlySet<number> = new Set(),
  ) {
    this.byHead = new Map(sections.map((it) => [it.head, it]));
    let sum = 0;
    for (const { head, end } of sections) {
      if (!folded.has(head)) continue;
      const before = sum;
      sum += end - head - 1;
      this.hidden.push({ head, end, before, after: sum });
    }
  }

  rows(lines: number): number {
    return lines - (this.hidden.at(-1)?.after ?? 0);
  }

  lineOf(row: number): number {
    const fold = this.last((it) => it.head - it.before < row);
    return row + (fold?.after ?? 0);
  }

  /** Of a line that is folded away, the row of its section. */
  rowOf(line: number): number {
    const fold = this.last((it) => it.head < line);
    if (!fold) return line;
    return line < fold.end ? fold.head - fold.before : line - fold.after;
  }

  /** The section that a line begins. */
  at(line: number): Section | undefined {
    return this.byHead.get(line);
  }

  toggled(head: number): Folds {
    const folded = new Set(this.folded);
    if (!folded.delete(head)) folded.add(head);
    return new Folds(this.sections, folded);
  }

  all(folded: boolean): Folds {
    return new Folds(this.sections, new Set(folded ? this.sections.map((it) => it.head) : []));
  }

  /** The same with this line in view. */
  showing(line: number): Folds {
    const fold = this.last((it) => it.head < line);
    return fold && line < fold.end ? this.toggled(fold.head) : this;
  }

  private last(fits: (it: (typeof this.hidden)[number]) => boolean) {
    let [low, high] = [0, this.hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(this.hidden[middle])) low = middle + 1;
      else high = middle;
    }
    return this.hidden[low - 1];
  }
}

/** What one log says that another does not, whatever numbers, dates and ids stand in their lines. */

export interface OnlyHere {
  /** Index of the line, from 0. */
  line: number;
  text: string;
}

/** A line without what differs each time: ANSI colours, dates, ids and numbers. */
export function shape(line: string): string {
  return line
    .replace(/\x1b\[[0-9;]*m/g, '')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '')
    .replace(/\b[0-9a-f]{7,40}\b/gi, '#')
    .replace(/\b[\w-]{22}\b/g, '#')
    .replace(/\d+(?:[.,]\d+)*/g, '0')
    .trim();
}

/** The lines of `log` that `other` has nothing like, in their order, at most `most`. */
export function onlyIn(log: string[], other: string[], most: number): { lines: OnlyHere[]; more: number } {
  const known = new Set(other.map(shape));
  known.add('');
  const lines: OnlyHere[] = [];
  let more = 0;
  log.forEach((text, line) => {
    if (known.has(shape(text))) return;
    if (lines.length < most) lines.push({ line, text });
    else more++;
  });
  return { lines, more };
}

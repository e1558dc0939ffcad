/** The bytes of a log and where its lines begin. Lines become text only when they are shown. */
const NEWLINE = 10;

export class LogText {
  private bytes = new Uint8Array(1 << 16);
  length = 0;
  /** Where each line begins; the last one may be incomplete. */
  private starts = new Uint32Array(1 << 12);
  private known = 1;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  append(piece: Uint8Array) {
    const length = this.length + piece.length;
    if (length > this.bytes.length) this.bytes = grown(this.bytes, Math.max(length, this.bytes.length * 2));
    this.bytes.set(piece, this.length);
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) {
      if (this.known === this.starts.length) this.starts = grown(this.starts, this.known * 2);
      this.starts[this.known++] = this.length + at + 1;
    }
    this.length = length;
  }

  /** Reserves room for a log whose length is known. */
  expect(length: number) {
    if (length > this.bytes.length) this.bytes = grown(this.bytes, length + 1);
  }

  get lines(): number {
    return this.starts[this.known - 1] === this.length ? this.known - 1 : this.known;
  }

  start(line: number): number {
    return this.starts[line];
  }

  /** Without the line's end; of a very long line only the beginning. */
  text(line: number, most = 20_000): { text: string; cut: number } {
    const from = this.starts[line];
    let to = line + 1 < this.known ? this.starts[line + 1] - 1 : this.length;
    if (to > from && this.bytes[to - 1] === 13) to--;
    const end = Math.min(to, from + most);
    return { text: this.decoder.decode(this.bytes.subarray(from, end)), cut: to - end };
  }

  range(from: number, to: number): string {
    const end = to + 1 < this.known ? this.starts[to + 1] : this.length;
    return this.decoder.decode(this.bytes.subarray(this.starts[from], end));
  }

  /** The line that a byte is in. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.known - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A letter for each byte, so that places in it are places in the log. */
  letters(from: number, to: number): string {
    return LETTERS.decode(this.bytes.subarray(from, to));
  }
}

const LETTERS = new TextDecoder('latin1');

function grown<T extends Uint8Array | Uint32Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array as never);
  return larger;
}

export interface Matches {
  /** In order, each once. */
  lines: number[];
  count: number;
}

const BLOCK = 4 << 20;
const MOST = 1_000_000;

/** The expression for what was typed, on letters that stand for bytes. Lower case finds both cases. */
export function searchExpression(typed: string, regular: boolean): RegExp | string | null {
  const bytes = Array.from(new TextEncoder().encode(typed), (byte) => byte);
  const letters = LETTERS.decode(new Uint8Array(bytes));
  if (!regular) return letters;
  try {
    return new RegExp(letters, typed === typed.toLowerCase() ? 'gi' : 'g');
  } catch {
    return null;
  }
}

/** All matches, in slices, so that the page stays usable; null where it was stopped. */
export async function search(log: LogText, typed: string, regular: boolean, signal: AbortSignal): Promise<Matches | null> {
  const wanted = searchExpression(typed, regular);
  const found: Matches = { lines: [], count: 0 };
  if (!wanted) return found;
  const both = typed === typed.toLowerCase();
  for (let from = 0; from < log.length; ) {
    // A block ends with a line, except in a line that is longer than a block.
    const last = log.lineAt(Math.min(from + BLOCK, log.length));
    const end = from + BLOCK >= log.length ? log.length : log.start(last) > from ? log.start(last) : from + BLOCK;
    const text = log.letters(from, end);
    for (const at of typeof wanted === 'string' ? places(both ? text.toLowerCase() : text, both ? wanted.toLowerCase() : wanted) : expressionPlaces(text, wanted)) {
      found.count++;
      const line = log.lineAt(from + at);
      if (found.lines.at(-1) !== line && found.lines.length < MOST) found.lines.push(line);
    }
    from = end;
    await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return null;
  }
  return found;
}

function* places(text: string, wanted: string): Iterable<number> {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) yield at;
}

function* expressionPlaces(text: string, wanted: RegExp): Iterable<number> {
  for (const match of text.matchAll(wanted)) if (match[0]) yield match.index;
}

const ERROR = /(^|[\s[:(])(error|fatal|panicked at|traceback|failed|exception)\b/i;

/** The first line from here that looks like an error; -1 for none. */
export function firstError(log: LogText, from: number, to: number): number {
  for (let line = from; line < to; line++) if (ERROR.test(log.text(line, 500).text)) return line;
  return -1;
}

/** Colours of terminals, as pieces of text with classes. Nothing else of what a terminal can do is done. */
export interface Piece {
  text: string;
  className: string;
  color?: string;
  background?: string;
}

interface Style {
  bold: boolean;
  faint: boolean;
  italic: boolean;
  underline: boolean;
  color: string;
  background: string;
}

const PLAIN: Style = { bold: false, faint: false, italic: false, underline: false, color: '', background: '' };
// Colours and the like (…m); other sequences, titles and links are left out.
const SEQUENCE = /\u001b(?:\[([0-9;:]*)([A-Za-z])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** A line as it would be seen: what a carriage return overwrites is gone. */
export function pieces(line: string): Piece[] {
  const end = line.lastIndexOf('\r');
  const text = end >= 0 && end < line.length - 1 ? line.slice(end + 1) : line.replace(/\r/g, '');
  if (!text.includes('\u001b')) return [{ text: visible(text), className: '' }];
  const found: Piece[] = [];
  let style = { ...PLAIN };
  let from = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    push(found, text.slice(from, match.index), style);
    if (match[2] === 'm') style = changed(style, match[1]);
    from = match.index + match[0].length;
  }
  push(found, text.slice(from), style);
  return found;
}

export const plain = (line: string) => pieces(line).map((it) => it.text).join('');

function push(found: Piece[], text: string, style: Style) {
  if (!text) return;
  const { bold, faint, italic, underline, color, background } = style;
  const named = (it: string, prefix: string) => (/^\d+$/.test(it) ? `${prefix}${it} ` : '');
  const className = `${bold ? 'ab ' : ''}${faint ? 'af ' : ''}${italic ? 'ai ' : ''}${underline ? 'au ' : ''}${named(color, 'a')}${named(background, 'g')}`.trim();
  const [exact, behind] = [color.startsWith('rgb'), background.startsWith('rgb')];
  const piece: Piece = { text: visible(text), className: `${className}${exact ? ' ax' : ''}${behind ? ' gx' : ''}`.trim() };
  if (exact) piece.color = color;
  if (behind) piece.background = background;
  found.push(piece);
}

function changed(before: Style, codes: string): Style {
  const style = { ...before };
  const list = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < list.length; at++) {
    const code = list[at];
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.faint = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = style.faint = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code >= 30 && code <= 37) style.color = String(code - 30);
    else if (code >= 90 && code <= 97) style.color = String(code - 82);
    else if (code === 39) style.color = '';
    else if (code >= 40 && code <= 47) style.background = String(code - 40);
    else if (code >= 100 && code <= 107) style.background = String(code - 92);
    else if (code === 49) style.background = '';
    else if (code === 38 || code === 48) {
      const [color, used] = extended(list.slice(at + 1));
      if (code === 38) style.color = color;
      else style.background = color;
      at += used;
    }
  }
  return style;
}

function extended(list: number[]): [string, number] {
  if (list[0] === 2) return [`rgb(${list.slice(1, 4).map((it) => it & 255).join(' ')})`, 4];
  if (list[0] !== 5) return ['', 0];
  const index = list[1] ?? 0;
  if (index < 16) return [String(index), 2];
  if (index >= 232) return [`rgb(${Array(3).fill(8 + (index - 232) * 10).join(' ')})`, 2];
  const level = (it: number) => (it ? 55 + it * 40 : 0);
  const cube = index - 16;
  return [`rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`, 2];
}

/** Control characters and changes of direction are shown, not obeyed. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (it) => {
    const code = it.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? '\u2421' : `[U+${code.toString(16).toUpperCase()}]`;
  });
}

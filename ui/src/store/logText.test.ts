import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieces, plain } from './ansi.ts';
import { firstError, LogText, search } from './logText.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const never = new AbortController().signal;

function log(...parts: string[]): LogText {
  const it = new LogText();
  for (const part of parts) it.append(bytes(part));
  return it;
}

test('lines are found across pieces, with and without an end', () => {
  const it = log('one\ntw', 'o\r\n', '\nlast');
  assert.deepEqual([0, 1, 2, 3].map((line) => it.text(line).text), ['one', 'two', '', 'last']);
  assert.equal(it.lines, 4);
  assert.equal(log('a\n').lines, 1);
  assert.equal(log().lines, 0);
});

test('a line of any length is cut, and bytes that are no text hide nothing', () => {
  const it = new LogText();
  it.append(bytes('x'.repeat(50_000)));
  assert.deepEqual([it.text(0).text.length, it.text(0).cut], [20_000, 30_000]);
  it.append(new Uint8Array([10, 0xff, 0xfe, 0x41]));
  assert.equal(it.text(1).text, '\ufffd\ufffdA');
});

test('everything is found, in both cases where it is typed small', async () => {
  const it = log('Error: ä\nno\nerror ERROR\n');
  assert.deepEqual(await search(it, 'error', false, never), { lines: [0, 2], count: 3 });
  assert.deepEqual(await search(it, 'ERROR', false, never), { lines: [2], count: 1 });
  assert.deepEqual(await search(it, 'ä', false, never), { lines: [0], count: 1 });
  assert.deepEqual(await search(it, '^error', true, never), { lines: [0], count: 1 });
  assert.deepEqual(await search(it, '(', true, never), { lines: [], count: 0 });
  assert.equal(firstError(log('fine\nnot an errorless line\nerror[E0308]: x\n'), 0, 3), 2);
});

test('a match is found where a line is longer than a block', async () => {
  const it = log('x'.repeat(5 << 20), ' needle\nneedle\n');
  assert.deepEqual(await search(it, 'needle', false, never), { lines: [0, 1], count: 2 });
});

test('colours become classes and all else of a terminal is left out', () => {
  assert.deepEqual(pieces('\u001b[1;31mred\u001b[0m plain'), [{ text: 'red', className: 'ab a1' }, { text: ' plain', className: '' }]);
  assert.equal(pieces('\u001b[38;5;196mx')[0].color, 'rgb(255 0 0)');
  assert.equal(pieces('\u001b[38;2;1;2;3mx')[0].color, 'rgb(1 2 3)');
  assert.equal(plain('10 %\r50 %\r100 %'), '100 %');
  assert.equal(plain('\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007'), 'link');
  assert.equal(plain('a\u0007\u202eb'), 'a\u2407[U+202E]b');
});

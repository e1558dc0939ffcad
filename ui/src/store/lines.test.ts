import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyIn, shape } from '../pages/compare/lines.ts';

test('dates, numbers, ids and colours make no difference', () => {
  const one = '[taskcluster 2026-11-27T10:00:00.123Z] \x1b[31mran\x1b[0m DYb0XB0cSCyR0hgUzr3S9w in 1.25 s at 0a1b2c3d4e';
  const two = '[taskcluster 2026-11-28T23:59:59Z] ran Sal5cmnhSk-BBkbk0jE2tQ in 300 s at ffffffff';
  assert.equal(shape(one), shape(two));
  assert.notEqual(shape('error: no disk'), shape('error: no memory'));
});

test('only what the other log has nothing like is left, in order', () => {
  const passed = ['begin', 'step 1', 'step 2', '', 'done in 4 s'];
  const failed = ['begin', 'step 1', 'error: x', '   ', 'error: y', 'error: x'];
  assert.deepEqual(onlyIn(failed, passed, 2), { lines: [{ line: 2, text: 'error: x' }, { line: 4, text: 'error: y' }], more: 1 });
  assert.deepEqual(onlyIn(passed, failed, 10).lines.map((it) => it.text), ['done in 4 s']);
  assert.deepEqual(onlyIn(passed, passed, 10), { lines: [], more: 0 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Folds, sectionsOf } from './folds.ts';
import { LogText } from './logText.ts';

const TEXT = ['[taskcluster 1] begin', '[taskcluster 2] run a', 'a1', 'a2 [taskcluster no]', '[taskcluster 3] run b', 'b1', ''].join('\n');

test('a section is what follows a line of the worker', async () => {
  const log = new LogText();
  log.append(new TextEncoder().encode(TEXT));
  assert.deepEqual(await sectionsOf(log, new AbortController().signal), [{ head: 1, end: 4 }, { head: 4, end: 6 }]);
});

test('rows are the lines that are not folded away, and lead back to them', () => {
  const open = new Folds([{ head: 1, end: 4 }, { head: 4, end: 6 }, { head: 7, end: 10 }]);
  assert.deepEqual([open.rows(12), open.lineOf(9), open.rowOf(9)], [12, 9, 9]);
  const folds = open.toggled(1).toggled(7);
  const shown = Array.from({ length: folds.rows(12) }, (_, row) => folds.lineOf(row));
  assert.deepEqual(shown, [0, 1, 4, 5, 6, 7, 10, 11]);
  assert.deepEqual(shown.map((line) => folds.rowOf(line)), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([2, 3, 8].map((line) => folds.rowOf(line)), [1, 1, 5], 'what is hidden is where its section is');
  assert.equal(folds.showing(8).rows(12), 10);
  assert.equal(folds.showing(6), folds);
  assert.deepEqual([open.all(true).rows(12), open.all(true).all(false).rows(12)], [7, 12]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterGrid, gridRows } from './grid.ts';
import { Group } from './group.ts';

/** Names with states; each is created a second after the one before. */
function group(tasks: [string, number][]): Group {
  const column = (value: number) => tasks.map(() => value);
  return new Group({
    at: 1,
    group: { taskGroupId: 'g', schedulerId: '-', expires: '2027-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z' },
    strings: ['q'],
    tasks: {
      id: tasks.map((_, index) => `t${index}`), name: tasks.map(([name]) => name), state: tasks.map(([, state]) => state), created: tasks.map((_, index) => index),
      reason: column(-1), queue: column(0), priority: column(1), runs: column(1), scheduled: column(0), started: column(0), resolved: column(0),
      tags: tasks.map(() => []), deps: tasks.map(() => []),
    },
  });
}

const groups = [group([['b', 4], ['a', 3], ['b', 3]]), null, group([['b', 4], ['c', 1]])];

test('a row has the tasks of its name of each push, the newest first', () => {
  assert.deepEqual(gridRows(groups), [
    { name: 'a', cells: [[1], [], []] },
    { name: 'b', cells: [[2, 0], [], [0]] },
    { name: 'c', cells: [[], [], [1]] },
  ]);
});

test('what failed and what differs is found by the newest task of each push', () => {
  const names = (filter: { text?: string; failed?: boolean; differing?: boolean }) =>
    filterGrid(gridRows(groups), groups, { text: '', failed: false, differing: false, ...filter }).map((it) => it.name);
  assert.deepEqual(names({ text: 'B' }), ['b']);
  assert.deepEqual(names({ failed: true }), ['b']);
  assert.deepEqual(names({ differing: true }), ['b']);
  assert.deepEqual(names({ failed: true, text: 'a' }), []);
});

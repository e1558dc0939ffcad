import assert from 'node:assert/strict';
import { test } from 'node:test';
import { criticalPath, slowest, span } from '../pages/group/schedule.ts';
import { Group } from './group.ts';

/** a → c, b → c; b ends last of the two. d does not depend on anything, and is short. */
function group(): Group {
  const all = (value: number) => [value, value, value, value];
  return new Group({
    at: 1,
    group: { taskGroupId: 'g', schedulerId: 's', expires: '2100-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z' },
    strings: ['q'],
    tasks: {
      id: ['a', 'b', 'c', 'd'], name: ['a', 'b', 'c', 'd'], state: all(3), reason: all(0), queue: all(0), priority: all(1), runs: all(1),
      created: all(0), scheduled: [0, 0, 30, 0], started: [1, 5, 40, 2], resolved: [10, 30, 100, 3], tags: [[], [], [], []], deps: [[], [], [0, 1], []],
    },
  });
}

test('the end had to wait for the dependency that ended last', () => {
  assert.deepEqual(criticalPath(group()), [{ row: 1, wait: 5, run: 25 }, { row: 2, wait: 10, run: 60 }]);
});

test('the slowest come first and the span holds all of them', () => {
  const it = group();
  assert.deepEqual(slowest(it, 0, 2), [2, 1]);
  assert.deepEqual(span(it, [0, 1, 2, 3], 0), [0, 100]);
  assert.deepEqual(span(it, [], 0), [0, 1]);
});

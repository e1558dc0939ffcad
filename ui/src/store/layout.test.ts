import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, layout, MOST } from '../pages/group/layout.ts';
import { Group } from './group.ts';

/** A group in which task n needs those of `deps[n]`. */
function group(deps: number[][]): Group {
  const all = <T>(value: T) => deps.map(() => value);
  return new Group({
    at: 1,
    group: { taskGroupId: 'g', schedulerId: 's', expires: '2100-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z' },
    strings: ['q'],
    tasks: {
      id: deps.map((_, it) => `t${it}`), name: all('n'), state: all(3), reason: all(0), queue: all(0), priority: all(1), runs: all(1),
      created: all(0), scheduled: all(0), started: all(0), resolved: all(0), tags: all([]), deps,
    },
  });
}

test('what is needed stands before what needs it, and nothing lies on anything', () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 50; round++) {
    const deps = Array.from({ length: 60 }, (_, it) => Array.from({ length: random(4) }, () => random(Math.max(1, it))).filter((to) => to < it));
    const it = group(deps);
    const { nodes, edges } = layout(it, [...deps.keys()]);
    assert.equal(edges.length, deps.flat().length);
    for (const [from, to] of edges) assert.ok(nodes[from].x < nodes[to].x);
    assert.equal(new Set(nodes.map(({ x, y }) => `${x},${y}`)).size, 60);
  }
});

test('the neighbours of a task are its ancestors and descendants only', () => {
  // 0 → 1 → 3, 2 → 3, 1 → 4, 5 alone
  const it = group([[], [0], [], [1, 2], [1], []]);
  assert.deepEqual(around(it, 1).rows.sort(), [0, 1, 3, 4]);
  assert.deepEqual(around(it, 5).rows, [5]);
  const star = group([[], ...Array.from({ length: 1000 }, () => [0])]);
  assert.deepEqual([around(star, 0).rows.length, around(star, 0).cut], [MOST, true]);
});

test('a chain of thousands is cut and a whole one of 300 is drawn', () => {
  const chain = group(Array.from({ length: 5000 }, (_, it) => (it ? [it - 1] : [])));
  assert.equal(around(chain, 2500).rows.length, MOST);
  assert.equal(layout(chain, [...Array(MOST).keys()]).nodes.length, MOST);
});

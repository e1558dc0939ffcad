import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Group } from './group.ts';
import { filterRows, items, matcher, sortRows, usefulTags, type View } from './filter.ts';

const VIEW: View = { text: '', states: [], queue: '', sort: '', by: '', folded: new Set() };

function group(tasks: { name: string; state: number; kind?: string }[]): Group {
  const strings = ['q', 'kind', ...new Set(tasks.map((it) => it.kind ?? ''))];
  const all = (value: number) => tasks.map(() => value);
  return new Group({
    at: 1,
    group: { taskGroupId: 'g', schedulerId: 's', expires: '2100-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z' },
    strings,
    tasks: {
      id: tasks.map((_, row) => `id-${row}`), name: tasks.map((it) => it.name), state: tasks.map((it) => it.state),
      reason: all(-1), queue: all(0), priority: all(0), runs: all(1), created: all(0), scheduled: all(0), started: all(-1),
      resolved: all(-1), deps: tasks.map(() => []), tags: tasks.map((it) => (it.kind ? [1, strings.indexOf(it.kind)] : [])),
    },
  });
}

test('words are all needed and an expression is one', () => {
  assert.ok(matcher('linux build')('build-linux64 id'));
  assert.ok(!matcher('linux win')('build-linux64 id'));
  assert.ok(matcher('/^build.*64/')('build-linux64') && !matcher('/^linux/')('build-linux64'));
  assert.ok(!matcher('/(/')('('));
});

test('what needs somebody comes first', () => {
  const it = group([3, 0, 5, 1, 4, 2].map((state) => ({ name: 'n', state })));
  const rows = sortRows(it, filterRows(it, VIEW), '', 0);
  assert.deepEqual(rows.map((row) => it.state[row]), [4, 5, 2, 1, 0, 3]);
});

test('tags are found by name and value and make parts', () => {
  const it = group([{ name: 'a', state: 1, kind: 'build' }, { name: 'b', state: 4, kind: 'test' }, { name: 'c', state: 1, kind: 'build' }]);
  assert.deepEqual(filterRows(it, { ...VIEW, text: 'kind:build' }), [0, 2]);
  assert.deepEqual(usefulTags(it), ['kind']);
  const rows = sortRows(it, filterRows(it, VIEW), '', 0);
  const parts = items(it, rows, { ...VIEW, by: 'kind', folded: new Set(['build']) });
  assert.deepEqual(parts.map((part) => (typeof part === 'number' ? part : `${part.head} ${part.size}`)), ['test 1', 1, 'build 2']);
});

test('an event that is older than what is known changes nothing', () => {
  const it = group([{ name: 'a', state: 2 }]);
  const event = (state: string, runs: string[]) => {
    const status = { taskId: 'id-0', taskGroupId: 'g', taskQueueId: 'q', state, priority: 'low', runs: runs.map((state) => ({ state })) };
    return [{ id: 1, exchange: '', routingKey: '', payload: { status } }];
  };
  assert.equal(it.apply(event('pending', ['pending'])).changed.size, 0);
  assert.equal(it.apply(event('completed', ['completed'])).changed.size, 1);
  assert.equal(it.apply(event('running', ['running'])).changed.size, 0);
  assert.equal(it.apply(event('pending', ['completed', 'pending'])).changed.size, 1);
  assert.deepEqual([it.state[0], it.runs[0], it.counts.join()], [1, 2, '0,1,0,0,0,0']);
});

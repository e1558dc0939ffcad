import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosen, exclusion, labelled, limits, machines, number } from './decision';

test('machines are counted over all launch configs', () => {
  assert.equal(machines({}), 'no machines');
  assert.equal(machines({ launches: [{ launch_config: 'a', instances: 1 }] }), '1 machine');
  const launches = [
    { launch_config: 'a', instances: 8 },
    { launch_config: 'b', instances: 4 },
  ];
  assert.equal(machines({ launches }), '12 machines');
});

test('limits are told in words, and unknown ones as they are', () => {
  assert.equal(limits({}), '');
  const regions = { 'region-tokens': { provider: 'aws', region: 'us-west-2' } };
  assert.equal(limits({ limited_by: ['max-capacity', regions, 'new-limit'] }), 'maxCapacity; the boot rate of aws us-west-2; new-limit');
});

test('what was not chosen says why', () => {
  const open = { launch_config: 'a', reason: 'breaker-open', until: '2026-11-27T12:03:00Z', class: 'capacity' };
  assert.equal(exclusion(open), 'its circuit breaker is open until 2026-11-27 12:03:00 (capacity)');
  assert.equal(exclusion({ launch_config: 'a', reason: 'at-max-capacity', capacity: 5, max: 5 }), 'has 5 of its maxCapacity 5');
  assert.equal(exclusion({ launch_config: 'a', reason: 'waits-for-spot' }), 'is on-demand, and spot machines are enough');
  assert.equal(exclusion({ launch_config: 'a', reason: 'something-new' }), 'something-new');
});

test('what was chosen says by which measure', () => {
  assert.equal(chosen({ launch_config: 'a', instances: 8, score: { cost: 0.0312 } }), 'a ×8, 0.031 $ for a useful hour');
  assert.equal(chosen({ launch_config: 'a', instances: 4, score: { weight: 1 } }), 'a ×4, weight 1');
  assert.equal(chosen({ launch_config: 'a', instances: 4 }), 'a ×4');
  assert.equal(labelled({ running: 90, open_launches: 0 }), '90 running, 0 open launches');
  assert.equal(number('x'), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intersection, isLocal, seconds, withCredentials } from '../pages/clients/grant.ts';

test('a program gets of what it asks for what its user holds', () => {
  assert.deepEqual(intersection(['a:*', 'b:c'], ['*']), ['a:*', 'b:c']);
  assert.deepEqual(intersection(['*'], ['a:b', 'a:b*', 'c']), ['a:b*', 'c']);
  assert.deepEqual(intersection(['a:*', 'd'], ['a:b', 'c']), ['a:b']);
  assert.deepEqual(intersection([], ['*']), []);
});

test('lifetimes are read as the clients write them', () => {
  assert.deepEqual(['1d', '3 hours', '1 week 2 days', '90m', '2mo'].map(seconds), [86_400, 10_800, 777_600, 5400, 5_184_000]);
  for (const bad of ['', 'soon', '1d?', '-', '5 parsecs!']) assert.equal(seconds(bad), undefined, bad);
});

test('credentials go to this machine only', () => {
  for (const good of ['http://localhost:4711', 'http://127.0.0.1:80/x?y=1', 'http://[::1]:9/']) assert.ok(isLocal(good), good);
  for (const bad of ['', 'https://example.com', 'http://localhost.example.com', 'http://localhost@example.com/', 'JavaScript:alert(1)', '//localhost', 'http://127.0.0.1.nip.io']) {
    assert.ok(!isLocal(bad), bad);
  }
  assert.equal(withCredentials('http://localhost:1/x?y=1', 'a/b', 't&'), 'http://localhost:1/x?y=1&clientId=a%2Fb&accessToken=t%26');
});

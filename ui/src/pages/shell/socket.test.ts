import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputMessages, resizeMessage, socketOf } from './socket.ts';

const link = (socket: string, version = '2') => `https://ci.example.com/shell/?v=${version}&socketUrl=${encodeURIComponent(socket)}&taskId=a&runId=0`;
const http = { protocol: 'http:' };
const https = { protocol: 'https:' };

test('messages are those of the worker', () => {
  assert.deepEqual([...inputMessages(new TextEncoder().encode('ls\n'))[0]], [1, 108, 115, 10]);
  assert.deepEqual([...resizeMessage(24, 300)], [2, 24, 0, 44, 1]);
  const long = inputMessages(new Uint8Array(150_000));
  assert.deepEqual(long.map((it) => it.length), [65_537, 65_537, 18_929]);
});

test('a socket without TLS is for a page without it, and for the same machine', () => {
  assert.deepEqual(socketOf(link('ws://10.0.0.1:99/shell/x'), http, 'a'), { socket: 'ws://10.0.0.1:99/shell/x' });
  assert.deepEqual(socketOf(link('wss://w.example.com/x'), https, 'a'), { socket: 'wss://w.example.com/x' });
  assert.deepEqual(socketOf(link('ws://127.0.0.1:99/x'), https, 'a'), { socket: 'ws://127.0.0.1:99/x' });
  assert.match(JSON.stringify(socketOf(link('ws://10.0.0.1:99/shell/x'), https, 'a')), /drover task shell a/);
});

test('anything else is refused in words', () => {
  for (const bad of [link('https://evil.example/x'), link('data:text/html,x'), link('ws://a/b', '1'), 'https://ci.example.com/shell/?v=2', 'nowhere']) {
    assert.ok('problem' in socketOf(bad, http, 'a'), bad);
  }
});

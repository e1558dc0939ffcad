// The `taskcluster-client` package from npm against a running Drover, named by the usual TASKCLUSTER_* variables:
// the life of a task from its creation to what it leaves behind.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import taskcluster from 'taskcluster-client';

const options = { ...taskcluster.fromEnvVars(), retries: 0 };
const WORKER = { workerGroup: 'client-tests', workerId: 'node' };
const queue = new taskcluster.Queue(options);
const index = new taskcluster.Index(options);
const auth = new taskcluster.Auth(options);

let queueId;
before(() => {
  queueId = `client-tests/n-${randomBytes(6).toString('hex')}`;
});

const definition = more => ({
  taskQueueId: queueId,
  created: taskcluster.fromNowJSON(),
  deadline: taskcluster.fromNowJSON('1 hour'),
  payload: {},
  metadata: {
    name: 'client test', description: 'made by tests/client/node', owner: 'nobody@example.com', source: 'https://example.com/drover',
  },
  ...more,
});

const create = async more => {
  const taskId = taskcluster.slugid();
  const { status } = await queue.createTask(taskId, definition(more));
  assert.equal(status.taskId, taskId);
  return taskId;
};

const withCredentials = (service, credentials) =>
  new service({ rootUrl: options.rootUrl, credentials, retries: 0 });

const claim = async taskId => {
  const { tasks } = await queue.claimWork(queueId, { ...WORKER, tasks: 1 });
  assert.equal(tasks[0].status.taskId, taskId);
  return withCredentials(taskcluster.Queue, tasks[0].credentials);
};

const refused = async (statusCode, code, promise) => {
  const error = await promise.then(() => assert.fail('this should have been refused'), error => error);
  assert.deepEqual([error.statusCode, error.code], [statusCode, code]);
};

const digest = data => createHash('sha256').update(data).digest('hex');

// A writable stream that keeps what it gets.
const sink = () => {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, content: () => Buffer.concat(chunks) };
};

const upload = async (asRun, taskId, name, data) => {
  const expires = taskcluster.fromNowJSON('1 hour');
  const contentType = 'application/octet-stream';
  const made = await asRun.createArtifact(taskId, 0, name, { storageType: 'object', expires, contentType });
  await taskcluster.upload({
    projectId: made.projectId, name: made.name, contentType, contentLength: data.length, uploadId: made.uploadId,
    expires: made.expires, object: withCredentials(taskcluster.Object, made.credentials),
    streamFactory: async () => Readable.from([data]),
  });
  await asRun.finishArtifact(taskId, 0, name, { uploadId: made.uploadId });
};

const download = async (taskId, name) => {
  const { stream, content } = sink();
  await taskcluster.downloadArtifact({ taskId, runId: 0, name, queue, streamFactory: async () => stream });
  return content();
};

test('a task is created, claimed, reclaimed and completed, and can then be found by its route', async () => {
  const namespace = `client-tests.${randomBytes(6).toString('hex')}`;
  const taskId = await create({ routes: [`index.${namespace}.latest`], extra: { index: { rank: 7 } } });
  assert.equal((await queue.status(taskId)).status.state, 'pending');
  let asRun = await claim(taskId);
  asRun = withCredentials(taskcluster.Queue, (await asRun.reclaimTask(taskId, 0)).credentials);
  assert.equal((await asRun.reportCompleted(taskId, 0)).status.state, 'completed');
  await refused(409, 'RequestConflict', asRun.reportFailed(taskId, 0));

  let found;
  for (let tries = 0; !found && tries < 100; tries++) {
    found = await index.findTask(`${namespace}.latest`).catch(() => pause(100));
  }
  assert.deepEqual([found.taskId, found.rank], [taskId, 7]);
});

test('what a run uploads is what anybody downloads', async () => {
  const taskId = await create();
  const asRun = await claim(taskId);
  for (const size of [0, 100, 200_000]) {
    const data = randomBytes(size);
    await upload(asRun, taskId, `public/${size}.bin`, data);
    assert.equal(digest(await download(taskId, `public/${size}.bin`)), digest(data));
  }
  await asRun.reportCompleted(taskId, 0);
  const { artifacts } = await queue.listLatestArtifacts(taskId);
  assert.deepEqual(artifacts.map(one => one.name).sort(), ['public/0.bin', 'public/100.bin', 'public/200000.bin']);
});

test('a dependent waits, a failed task is run again, a canceled one is not', async () => {
  const first = await create();
  const second = await create({ dependencies: [first] });
  assert.equal((await queue.status(second)).status.state, 'unscheduled');
  await (await claim(first)).reportFailed(first, 0);
  await queue.rerunTask(first);
  await (await claim(first)).reportCompleted(first, 1);
  await claim(second);
  const { status } = await queue.cancelTask(second);
  assert.deepEqual([status.state, status.runs[0].reasonResolved], ['exception', 'canceled']);
});

test('temporary credentials and signed addresses are good for what they were given', async () => {
  const { clientId, accessToken } = options.credentials;
  const credentials = taskcluster.createTemporaryCredentials({
    scopes: ['auth:current-scopes', 'client-tests:*'], start: taskcluster.fromNow('-1 minute'), expiry: taskcluster.fromNow('5 minutes'),
    credentials: { clientId, accessToken },
  });
  const { scopes } = await withCredentials(taskcluster.Auth, credentials).currentScopes();
  assert.ok(scopes.includes('client-tests:*') && !scopes.includes('*'));
  await refused(403, 'InsufficientScopes', withCredentials(taskcluster.Queue, credentials).createTask(taskcluster.slugid(), definition()));

  const url = auth.buildSignedUrl(auth.currentScopes, { expiration: 60 });
  assert.ok((await (await fetch(url)).json()).scopes.includes('*'));
  assert.equal((await fetch(`${url}x`)).status, 401);
});

/** A real `drover dev` for tests, and a client of it that signs in as the page does. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';

const target = process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, '../../target');
export const binary = process.env.DROVER_TEST_BIN ?? join(target, 'debug/drover');

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Drover {
  static async start(flags = ['--workers', '0'], variables = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build --bin drover`);
    const drover = new Drover();
    drover.folder = mkdtempSync(join(tmpdir(), 'drover-ui-'));
    // The database runs as another user where we are root.
    chmodSync(drover.folder, 0o711);
    drover.port = await freePort();
    drover.flags = flags;
    drover.variables = variables;
    await drover.run();
    return drover;
  }

  /** Also starts again what was killed, with the same database and port. */
  async run() {
    const log = openSync(join(this.folder, 'drover.log'), 'a');
    const args = ['dev', '-o', 'json', '--listen', `127.0.0.1:${this.port}`, '--data-dir', join(this.folder, 'data'), ...this.flags];
    this.child = spawn(binary, args, { stdio: ['ignore', 'pipe', log], env: { ...process.env, ...this.variables } });
    const lines = createInterface({ input: this.child.stdout });
    const line = await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      this.child.once('exit', (code) => reject(new Error(`drover ended with ${code}; see ${this.folder}/drover.log`)));
    });
    Object.assign(this, JSON.parse(line));
    this.cookie = '';
    const credentials = { clientId: this.clientId, accessToken: this.accessToken };
    const response = await this.send('POST', 'drover/v1/session', credentials);
    this.cookie = response.headers.get('set-cookie').split(';')[0];
  }

  kill() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    return ended;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async send(method, path, body) {
    const headers = { origin: this.rootUrl, 'x-drover-ui': '1', cookie: this.cookie };
    if (body !== undefined) headers['content-type'] = 'application/json';
    return fetch(`${this.rootUrl}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  }

  async call(method, path, body) {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 600)}`);
    return text ? JSON.parse(text) : undefined;
  }

  get = (path) => this.call('GET', path);
  post = (path, body) => this.call('POST', path, body);

  async link() {
    return (await this.post('drover/v1/session/link')).url;
  }
}

export function slug() {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('base64url');
}

const KINDS = ['build', 'test', 'lint', 'docs', 'package', 'sign'];
const PLATFORMS = ['linux64', 'win64', 'macos', 'android', 'linux32'];

export function definition(group, name, more = {}) {
  const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
  const { tags = {}, ...rest } = more;
  return {
    provisionerId: 'ui',
    workerType: 'linux',
    schedulerId: 'ui-tests',
    taskGroupId: group,
    created: at(0),
    deadline: at(86_400),
    expires: at(8 * 86_400),
    payload: {},
    metadata: { name, description: `**${name}** of the tests`, owner: 'somebody@example.com', source: 'https://example.com/source' },
    tags,
    ...rest,
  };
}

/** A queue that no other test claims from. */
const newWorkerType = () => `w${slug().replace(/[-_]/g, 'x').toLowerCase()}`;

/** A group of so many tasks of several kinds, in one request, on a queue of its own. */
export async function makeGroup(drover, size, more = () => ({})) {
  const group = slug();
  const workerType = newWorkerType();
  const ids = [group, ...Array.from({ length: size - 1 }, slug)];
  const tasks = ids.map((taskId, index) => {
    const [kind, platform] = [KINDS[index % KINDS.length], PLATFORMS[Math.floor(index / 7) % PLATFORMS.length]];
    const name = index === 0 ? 'Decision task for push 3f2a' : `${kind}-${platform}/opt-${String(index).padStart(5, '0')}`;
    const tags = index === 0 ? { kind: 'decision' } : { kind, platform };
    return { taskId, task: definition(group, name, { tags, workerType, ...more(index, ids) }) };
  });
  await drover.post('drover/v1/graph', { submitKey: slug(), tasks });
  return { group, ids, queue: `ui%2F${workerType}` };
}

/** Claims tasks of a queue, whose slash is encoded; returns the claims. */
export async function claim(drover, count, queue) {
  const claims = [];
  while (claims.length < count) {
    // A worker gets at most 32 at once, and waits where there is nothing.
    const body = { workerGroup: 'tests', workerId: 'worker-1', tasks: Math.min(32, count - claims.length) };
    const { tasks } = await drover.post(`queue/v1/claim-work/${queue}`, body);
    if (!tasks.length) break;
    claims.push(...tasks);
  }
  return claims;
}

export const resolveRun = (drover, { status, runId }, verb = 'completed', body) =>
  drover.post(`queue/v1/task/${status.taskId}/runs/${runId}/${verb}`, body);

/** Stores content as an artifact of a run that is claimed. */
export async function upload(drover, { status, runId }, name, content, contentType = 'text/plain; charset=utf-8') {
  const expires = new Date(Date.now() + 86_400_000).toISOString();
  const path = `queue/v1/task/${status.taskId}/runs/${runId}/artifacts/${name.split('/').map(encodeURIComponent).join('/')}`;
  const { putUrl } = await drover.post(path, { storageType: 's3', expires, contentType });
  const response = await fetch(putUrl, { method: 'PUT', body: content, headers: { 'content-type': contentType } });
  if (!response.ok) throw new Error(`upload of ${name}: ${response.status} ${await response.text()}`);
}

/** A task on a queue of its own, claimed. */
export async function claimedTask(drover, name, more = {}) {
  const id = slug();
  const workerType = newWorkerType();
  await drover.call('PUT', `queue/v1/task/${id}`, definition(id, name, { workerType, ...more }));
  const [run] = await claim(drover, 1, `ui%2F${workerType}`);
  return { id, run, queue: `ui/${workerType}` };
}

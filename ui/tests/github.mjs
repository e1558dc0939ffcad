/** The little of GitHub that makes a push into tasks: tokens, one file of each commit, and check runs that nobody looks at. */
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const SECRET = 'a secret of the web hook';

export class Github {
  /** `files`: the `.taskcluster.yml` of each commit. */
  static async start(files) {
    const github = new Github();
    github.server = createServer((request, response) => {
      request.resume();
      const [status, body] = answer(request.method, request.url, files);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise((resolve) => github.server.listen(0, '127.0.0.1', resolve));
    return github;
  }

  /** What a Drover needs to be its app. */
  settings() {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return {
      flags: ['--set', 'github.app_id=7', '--set', `github.url=http://127.0.0.1:${this.server.address().port}`, '--set', 'github.interval=50ms'],
      variables: {
        DROVER__GITHUB__PRIVATE_KEY: privateKey.export({ type: 'pkcs1', format: 'pem' }),
        DROVER__GITHUB__WEBHOOK_SECRETS: JSON.stringify([SECRET]),
      },
    };
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function answer(method, url, files) {
  const [path, query] = url.split('?');
  if (path.endsWith('/access_tokens')) return [201, JSON.stringify({ token: 'ghs_x', expires_at: '2099-01-01T00:00:00Z' })];
  if (path.endsWith('/contents/.taskcluster.yml')) {
    const sha = new URLSearchParams(query).get('ref') ?? Object.keys(files)[0];
    return files[sha] ? [200, files[sha]] : [404, '{"message": "Not Found"}'];
  }
  if (path.endsWith('/check-runs')) return method === 'POST' ? [201, '{"id": 1}'] : [200, '{"total_count": 0, "check_runs": []}'];
  if (path.includes('/check-runs/')) return [200, '{"id": 1}'];
  return [404, '{"message": "Not Found"}'];
}

/** A push to `main`, as GitHub delivers it. */
export async function deliverPush(drover, repository, sha, before) {
  const [owner, name] = repository.split('/');
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before,
    after: sha,
    deleted: false,
    head_commit: { message: 'a change' },
    pusher: { name: 'ada' },
    commits: [],
    sender: { login: 'ada' },
    repository: { name, owner: { login: owner }, default_branch: 'main' },
    installation: { id: 5 },
  });
  const response = await fetch(`${drover.rootUrl}/api/github/v1/github`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    },
  });
  if (!response.ok) throw new Error(`the push was not taken in: ${response.status} ${await response.text()}`);
}

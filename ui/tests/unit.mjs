/** Runs `src/**\/*.test.ts` with Node's own test runner, bundled first: Node 20 reads no TypeScript. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(root, 'node_modules/.unit-'));
const tests = readdirSync(join(root, 'src'), { recursive: true }).filter((it) => it.endsWith('.test.ts'));
for (const [number, test] of tests.entries()) {
  const bundle = await rolldown({ input: join(root, 'src', test), platform: 'node', logLevel: 'silent' });
  await bundle.write({ file: join(out, `${number}.test.mjs`), format: 'esm' });
  await bundle.close();
}
const ran = spawnSync(process.execPath, ['--test', ...readdirSync(out).map((it) => join(out, it))], { stdio: ['ignore', 'pipe', 'inherit'] });
const text = String(ran.stdout);
const count = (name) => Number(text.match(new RegExp(`^# ${name} (\\d+)`, 'm'))?.[1] ?? 0);
rmSync(out, { recursive: true });
if (ran.status !== 0) console.log(text);
console.log(`test result: ${ran.status === 0 ? 'ok' : 'FAILED'}. ${count('pass')} passed; ${count('fail')} failed`);
process.exit(ran.status ?? 1);

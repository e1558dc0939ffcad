/** What a first visit loads, compressed; fails above the limits. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, '../dist');
const manifest = JSON.parse(readFileSync(join(dist, 'assets/manifest.json'), 'utf8'));
const zipped = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;

/** Scripts and styles that the start and this page need. */
function filesOf(page) {
  const files = new Set();
  const add = (key) => {
    const entry = manifest[key];
    if (files.has(entry.file)) return;
    files.add(entry.file);
    entry.css?.forEach((it) => files.add(it));
    entry.imports?.forEach(add);
  };
  add('index.html');
  add(page);
  return [...files];
}

/** What only the page with a terminal loads. */
const SHELL = 'src/pages/shell/Page.tsx';
const LIMITS = { 'src/pages/group/Page.tsx': 80, 'src/pages/task/Page.tsx': 80, 'src/pages/log/Page.tsx': 80, [SHELL]: 160, all: 200 };
let failed = false;

/** Everything but the terminal. */
function allFiles() {
  const all = readdirSync(join(dist, 'assets')).filter((it) => /\.(js|css)$/.test(it)).map((it) => `assets/${it}`);
  const of = manifest[SHELL];
  const terminal = [of.file, ...(of.css ?? [])];
  return all.filter((it) => !terminal.includes(it));
}

for (const [name, most] of Object.entries(LIMITS)) {
  if (name !== 'all' && !manifest[name]) continue;
  const files = name === 'all' ? allFiles() : filesOf(name);
  const size = files.reduce((sum, it) => sum + zipped(it), 0) / 1024;
  failed ||= size > most;
  console.log(`${size > most ? 'TOO LARGE' : 'ok'} ${name}: ${size.toFixed(1)} kB compressed, at most ${most}`);
}
process.exit(failed ? 1 : 0);

import { defineConfig } from 'vite';

/** The Drover that `./dev ui --watch` shows. */
const server = process.env.TASKCLUSTER_ROOT_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    target: 'es2023',
    // The security policy allows no `data:` script, and browsers that lack preloading need no replacement.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'assets/manifest.json',
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': server } },
});

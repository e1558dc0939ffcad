/** Where we are: real URLs, no `#`. All state of a page that is worth sharing is in them. */
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { find, type Params } from './routes';

export interface Location {
  path: string;
  query: URLSearchParams;
  hash: string;
}

export interface Screen {
  params: Params;
  component: ComponentType<{ params: Params }> | null;
  /** Which page this is, for the navigation. */
  section: string;
  failed?: string;
}

const read = (): Location => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
  hash: location.hash,
});

export const place = signal<Location>(read());
export const screen = signal<Screen>({ params: {}, component: null, section: '' });

let shown = '';

async function show() {
  place.value = read();
  const path = location.pathname;
  if (path === shown) return;
  shown = path;
  const found = find(path);
  // Data is asked for before the code of the page has arrived.
  found.route.preload?.(found.params);
  try {
    const component = await found.route.load();
    if (shown === path) screen.value = { params: found.params, component, section: found.route.section };
  } catch {
    if (shown === path) {
      const failed = 'This part of the page could not be loaded. Drover may have been upgraded: load the page again.';
      screen.value = { params: found.params, component: null, section: found.route.section, failed };
    }
  }
}

/** Goes to a path of the page; `replace` leaves no entry in the history. */
export function go(to: string, replace = false) {
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  void show();
  if (!replace && !to.includes('#')) window.scrollTo(0, 0);
}

/** Changes keys of the query; an empty value removes its key. */
export function setQuery(changes: Record<string, string>, replace = true) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : '') + location.hash, replace);
}

const isShell = (path: string) => path === '/shell' || path.startsWith('/shell/');

function onClick(event: MouseEvent) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  const path = link.pathname;
  if (path.startsWith('/api/') || path.startsWith('/references') || path.startsWith('/schemas')) return;
  // Shells are a document with a security policy of its own, in both directions.
  if (isShell(path) || isShell(location.pathname)) return;
  event.preventDefault();
  go(path + link.search + link.hash);
}

export function startRouter() {
  addEventListener('popstate', () => void show());
  addEventListener('click', onClick);
  void show();
}

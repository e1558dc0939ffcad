/** Keys: single letters and sequences like `g t`. They are off in inputs, and can be switched off. */
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { settings } from '../store/settings';

export interface Key {
  keys: string;
  what: string;
  run: () => void;
}

/** The bindings of what is on the screen now; later ones win. */
const layers: { current: Key[] }[] = [];
export const helpOpen = signal(false);

/** These keys, as long as the component is shown, and always as it was rendered last: keys may follow each other fast. */
export function useKeys(keys: Key[]) {
  const latest = useRef(keys);
  latest.current = keys;
  // With the screen and not after it: a key may follow at once.
  useLayoutEffect(() => {
    layers.push(latest);
    return () => void layers.splice(layers.indexOf(latest), 1);
  }, []);
}

export function activeKeys(): Key[] {
  const seen = new Set<string>();
  const all = layers.toReversed().flatMap((it) => it.current);
  return all.filter((key) => !seen.has(key.keys) && seen.add(key.keys));
}

let pending = '';
let pendingUntil = 0;

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.('input, textarea, select, [contenteditable], dialog');
}

function onKey(event: KeyboardEvent) {
  if (event.ctrlKey && event.key === 'k') return run('Ctrl-K', event);
  if (event.ctrlKey && event.key === 'f') return run('Ctrl-F', event);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') return run('Esc', event);
  if (isTyping(event.target) || !settings.value.letters) return;
  const now = Date.now();
  const sequence = now < pendingUntil ? `${pending} ${event.key}` : event.key;
  pendingUntil = 0;
  if (run(sequence, event)) return;
  if (activeKeys().some((key) => key.keys.startsWith(`${event.key} `))) {
    pending = event.key;
    pendingUntil = now + 1200;
  }
}

function run(keys: string, event: KeyboardEvent): boolean {
  const key = activeKeys().find((it) => it.keys === keys);
  if (!key) return false;
  event.preventDefault();
  key.run();
  return true;
}

export function startKeys() {
  addEventListener('keydown', onKey);
}

/** One tick a second for everything that shows an age, and none while nobody looks. */
import { signal } from '@preact/signals';

export const now = signal(Date.now());

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now();
}, 1000);

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') now.value = Date.now();
});

/** How far the server's clock is ahead of ours, in milliseconds: ages are counted in its time. */
export const serverAhead = signal(0);

export const serverNow = () => now.value + serverAhead.value;

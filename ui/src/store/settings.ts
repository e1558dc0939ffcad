/** What this browser remembers about how its user likes the page. */
import { effect, signal } from '@preact/signals';

export interface Settings {
  theme: 'auto' | 'light' | 'dark';
  dense: boolean;
  utc: boolean;
  /** The times that lines of logs begin with. */
  logTimes: boolean;
  /** Long lines of logs take several rows. */
  logWrap: boolean;
  /** Terminals write what appears where screen readers find it. */
  readOut: boolean;
  /** Keys that are single letters. */
  letters: boolean;
}

const DEFAULTS: Settings = { theme: 'auto', dense: true, utc: false, logTimes: true, logWrap: false, readOut: false, letters: true };
const NAME = 'drover-settings';

function stored(): Settings {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(NAME) ?? '{}') };
  } catch {
    return DEFAULTS;
  }
}

export const settings = signal<Settings>(stored());

export function change(changes: Partial<Settings>) {
  settings.value = { ...settings.value, ...changes };
  try {
    localStorage.setItem(NAME, JSON.stringify(settings.value));
  } catch {
    // A browser that keeps nothing: the settings last as long as the page.
  }
}

effect(() => {
  const root = document.documentElement;
  root.dataset.theme = settings.value.theme;
  root.dataset.density = settings.value.dense ? 'dense' : 'comfortable';
});

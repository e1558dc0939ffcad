/** Short messages about what was done, announced to screen readers. */
import { signal } from '@preact/signals';

interface Message {
  text: string;
  bad: boolean;
}

const shown = signal<Message | null>(null);
let timer = 0;

export function toast(text: string, bad = false) {
  shown.value = { text, bad };
  clearTimeout(timer);
  timer = window.setTimeout(() => (shown.value = null), bad ? 20_000 : 5000);
}

export function Toast() {
  const message = shown.value;
  return (
    <div role="status" aria-live="polite">
      {message && (
        <div class={`toast ${message.bad ? 'bad' : ''}`}>
          <span>{message.text}</span>
          <button class="plain" aria-label="Close" onClick={() => (shown.value = null)}>
            ✕
          </button>
        </div>
      )}
    </div>
  );
}

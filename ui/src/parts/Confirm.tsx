/** One dialog that asks before something is done. */
import { signal } from '@preact/signals';
import { Dialog } from './Dialog';

interface Question {
  text: string;
  button: string;
  danger: boolean;
  /** Names of what it is about. */
  names: string[];
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** More are only counted. */
const MOST_NAMES = 12;

export function confirm(text: string, button: string, danger = false, names: string[] = []): Promise<boolean> {
  return new Promise((answer) => (question.value = { text, button, danger, names, answer }));
}

export function Confirm() {
  const asked = question.value;
  if (!asked) return null;
  const close = (yes: boolean) => {
    question.value = null;
    asked.answer(yes);
  };
  return (
    <Dialog title={asked.text} close={() => close(false)}>
      {asked.names.length > 0 && (
        <ul class="plain">
          {asked.names.slice(0, MOST_NAMES).map((it, index) => (
            <li key={index}>{it}</li>
          ))}
          {asked.names.length > MOST_NAMES && <li class="quiet">and {asked.names.length - MOST_NAMES} more</li>}
        </ul>
      )}
      <div class="buttons">
        <button onClick={() => close(false)}>Leave it</button>
        <button class={asked.danger ? 'danger' : 'primary'} onClick={() => close(true)} autoFocus>
          {asked.button}
        </button>
      </div>
    </Dialog>
  );
}

/** One dialog that asks before something is done. */
import { signal } from '@preact/signals';
import { Dialog } from './Dialog';

interface Question {
  text: string;
  button: string;
  danger: boolean;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

export function confirm(text: string, button: string, danger = false): Promise<boolean> {
  return new Promise((answer) => (question.value = { text, button, danger, answer }));
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
      <div class="buttons">
        <button onClick={() => close(false)}>Leave it</button>
        <button class={asked.danger ? 'danger' : 'primary'} onClick={() => close(true)} autoFocus>
          {asked.button}
        </button>
      </div>
    </Dialog>
  );
}

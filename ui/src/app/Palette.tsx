/** Ctrl-K: everything that can be done here, by its name. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/Dialog';
import { activeKeys } from './keys';

export const paletteOpen = signal(false);

export function Palette() {
  return paletteOpen.value ? <Open /> : null;
}

function Open() {
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const [all] = useState(() => activeKeys().filter((it) => it.keys !== 'Ctrl-K' && it.keys !== 'Esc'));
  const found = all.filter((it) => it.what.toLowerCase().includes(typed.toLowerCase()));
  const close = () => (paletteOpen.value = false);
  const run = (index: number) => {
    close();
    // After the dialog has given the focus back.
    setTimeout(() => found[index]?.run());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') run(active);
    else if (event.key === 'ArrowDown') setActive(Math.min(active + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands" close={close}>
      <input
        class="wide"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${active}`}
        aria-label="Command"
        value={typed}
        onInput={(it) => {
          setTyped(it.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKey}
      />
      <ul class="choices" role="listbox" id="palette-list" aria-label="Commands">
        {found.map((it, index) => (
          <li key={it.keys} id={`palette-${index}`} role="option" aria-selected={index === active} onClick={() => run(index)}>
            {it.what}
            <kbd>{it.keys}</kbd>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

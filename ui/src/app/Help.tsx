/** All keys of the page that is shown, and what its user may choose. */
import { Dialog } from '../parts/Dialog';
import { session } from '../store/session';
import { change, settings } from '../store/settings';
import { activeKeys, helpOpen } from './keys';

export function Help() {
  if (!helpOpen.value) return null;
  const { theme, dense, utc, letters } = settings.value;
  return (
    <Dialog title="Keys and settings" close={() => (helpOpen.value = false)}>
      <div class="form">
        <label>
          Theme
          <select value={theme} onChange={(it) => change({ theme: it.currentTarget.value as typeof theme })}>
            <option value="auto">as the system</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
        <label>
          <input type="checkbox" checked={!dense} onChange={(it) => change({ dense: !it.currentTarget.checked })} />
          More space between rows
        </label>
        <label>
          <input type="checkbox" checked={utc} onChange={(it) => change({ utc: it.currentTarget.checked })} />
          Times in UTC
        </label>
        <label>
          <input type="checkbox" checked={letters} onChange={(it) => change({ letters: it.currentTarget.checked })} />
          Keys that are single letters
        </label>
      </div>
      <h2 class="above">Keys</h2>
      <div class="keys">
        {activeKeys().map((key) => (
          <>
            <span>
              <kbd>{key.keys}</kbd>
            </span>
            <span>{key.what}</span>
          </>
        ))}
      </div>
      <p class="quiet above">Drover {session.value?.version}</p>
      <div class="buttons">
        <button onClick={() => (helpOpen.value = false)}>Close</button>
      </div>
    </Dialog>
  );
}

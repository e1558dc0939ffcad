/** A state: glyph, word and colour, never colour alone. */
import { GLYPHS, SHOWN_ORDER, STATES, type State as Name } from '../store/states';

export function State({ state, reason }: { state: number | Name; reason?: string }) {
  const index = typeof state === 'number' ? state : STATES.indexOf(state);
  const name = STATES[index] ?? 'unscheduled';
  const more = reason && reason !== name ? ` · ${reason}` : '';
  return (
    <span class={`state s${index}`}>
      <i aria-hidden="true">{GLYPHS[name]}</i>
      {name}
      {more}
    </span>
  );
}

/** How many tasks are in which state, as a bar. The numbers stand beside it. */
export function Meter({ counts }: { counts: readonly number[] }) {
  const total = counts.reduce((a, b) => a + b, 0);
  if (!total) return <div class="meter" />;
  const words = SHOWN_ORDER.filter((state) => counts[state]).map((state) => `${counts[state]} ${STATES[state]}`);
  return (
    <div class="meter" role="img" aria-label={words.join(', ')}>
      {SHOWN_ORDER.filter((state) => counts[state]).map((state) => (
        <span key={state} class={`b${state}`} style={{ flexGrow: counts[state] }} />
      ))}
    </div>
  );
}

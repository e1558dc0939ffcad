/** Scopes as lines; roles lead to their pages, and new ones are marked. */
import { segment } from '../api/fetch';

export function ScopeList({ scopes, before }: { scopes: string[]; before?: string[] }) {
  if (!scopes.length) return <p class="card empty">No scopes.</p>;
  const known = before && new Set(before);
  const gone = before?.filter((it) => !scopes.includes(it)) ?? [];
  return (
    <ul class="card plain scopes">
      {gone.map((it) => (
        <li key={it} class="s4">
          − <code>{it}</code>
        </li>
      ))}
      {scopes.map((it) => (
        <li key={it} class={known && !known.has(it) ? 's3' : undefined}>
          {known && !known.has(it) && '+ '}
          {it.startsWith('assume:') ? (
            <a href={`/auth/roles/${segment(it.slice('assume:'.length))}`}>
              <code>{it}</code>
            </a>
          ) : (
            <code>{it}</code>
          )}
        </li>
      ))}
    </ul>
  );
}

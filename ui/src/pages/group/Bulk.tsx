/** Rerun or cancel everything that the filter leaves; each task needs its own scopes, and is done on its own. */
import { useState } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { confirm } from '../../parts/Confirm';
import { toast } from '../../parts/Toast';
import { session } from '../../store/session';
import type { Group } from '../../store/group';

const AT_ONCE = 8;

const ACTS = {
  cancel: { fits: (state: number) => state < 3, verb: 'Cancel', kind: 'danger' },
  rerun: { fits: (state: number) => state >= 3, verb: 'Rerun', kind: undefined },
} as const;

type Act = keyof typeof ACTS;

export function Bulk({ group, rows, picked, clear }: { group: Group; rows: number[]; picked: boolean; clear: () => void }) {
  const [left, setLeft] = useState(0);
  const act = async (name: Act) => {
    const fitting = rows.filter((row) => ACTS[name].fits(group.state[row]));
    const ids = fitting.map((row) => group.ids[row]);
    const names = fitting.map((row) => group.names[row] || group.ids[row]);
    if (!ids.length) return toast(`There is no task to ${name} here.`);
    const what = picked ? 'selected tasks' : 'tasks that are shown';
    if (!(await confirm(`${ACTS[name].verb} ${ids.length} ${what}?`, `${ACTS[name].verb} ${ids.length}`, name === 'cancel', names))) return;
    const refused = await each(ids, name, setLeft);
    setLeft(0);
    clear();
    const done = `${ids.length - refused.length} of ${ids.length} done.`;
    toast(refused.length ? `${done} The first refusal: ${refused[0]}` : done, refused.length > 0);
  };
  if (left) return <span role="status">{left} to do…</span>;
  const signedIn = !!session.value?.clientId;
  return (
    <>
      {(Object.keys(ACTS) as Act[]).map((name) => (
        <button
          key={name}
          class={ACTS[name].kind}
          aria-disabled={signedIn ? undefined : 'true'}
          title={signedIn ? undefined : `Needs the scope queue:${name}-task:…; sign in`}
          onClick={() => signedIn && void act(name)}
        >
          {ACTS[name].verb} {picked ? 'selected' : 'shown'}…
        </button>
      ))}
    </>
  );
}

/** The messages of those that were refused. */
async function each(ids: string[], name: Act, left: (count: number) => void): Promise<string[]> {
  const refused: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < ids.length) {
      const id = ids[next++];
      left(ids.length - next + 1);
      try {
        await api(`queue/v1/task/${segment(id)}/${name}`, { method: 'POST' });
      } catch (error) {
        refused.push((error as Error).message.split('\n')[0]);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return refused;
}

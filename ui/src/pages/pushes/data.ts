/** Builds that pushes and pull requests have caused, and the groups that they are. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { groupBindings, subscribe, type LiveEvent } from '../../api/events';
import { api, segment } from '../../api/fetch';
import { Group } from '../../store/group';
import { loadGroup } from '../../store/groupData';

export interface Build {
  organization: string;
  repository: string;
  sha: string;
  state: 'pending' | 'success' | 'error' | 'failure' | 'cancelled';
  taskGroupId: string;
  eventType: string;
  created: string;
  updated: string;
  pullRequestNumber?: number;
}

/** As GitHub writes it; builds have a `%` for each dot. */
export const plainName = (name: string) => name.replaceAll('%', '.');

export const repositoryPath = (build: Build) => `/pushes/${plainName(build.organization)}/${plainName(build.repository)}`;

/** Glyph, word and the number of a colour. */
export const BUILD_STATES: Record<Build['state'], [string, number]> = {
  pending: ['▶', 2],
  success: ['✓', 3],
  failure: ['✕', 4],
  error: ['!', 5],
  cancelled: ['!', 5],
};

interface Member {
  taskId?: string;
  status?: { taskId: string };
  task: { metadata: { owner: string } };
}

/** Small requests at the same time. */
const OWNERS_AT_ONCE = 4;

/** The owner of a group's own task, or else of its first one, by group: for a push, its author. Who may not read tasks sees none. */
export async function owners(groups: string[], signal: AbortSignal): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (!groups.length) return found;
  const get = async (path: string, body?: unknown): Promise<Member[]> => {
    try {
      return (await api<{ tasks: Member[] }>(`queue/v1/${path}`, { method: body ? 'POST' : 'GET', body, signal })).tasks;
    } catch {
      return [];
    }
  };
  for (const it of await get('tasks', { taskIds: groups })) found.set(it.taskId!, it.task.metadata.owner);
  const left = groups.filter((it) => !found.has(it));
  const work = async () => {
    for (let group = left.pop(); group && !signal.aborted; group = left.pop()) {
      const [first] = await get(`task-group/${segment(group)}/list?limit=1`);
      if (first) found.set(group, first.task.metadata.owner);
    }
  };
  await Promise.all(Array.from({ length: OWNERS_AT_ONCE }, work));
  return found;
}

/** Groups at the same time; the server reads no more. */
const AT_ONCE = 3;
/** After tasks that are not known yet. */
const AGAIN = 2000;

/** Events are many; what follows from them is worked out no more often. */
const CALM = 250;

export interface Groups {
  /** Null where there is none to be seen. */
  groups: Map<string, Group | null>;
  /** Counts the groups that have arrived. */
  arrived: number;
  /** Counts the times when states of tasks have changed. */
  version: number;
}

/** The groups of these builds as they arrive, kept up to date. */
export function useGroups(ids: string[]): Groups {
  const groups = useRef(new Map<string, Group | null>());
  const [arrived, setArrived] = useState(0);
  const [version, setVersion] = useState(0);
  const [round, setRound] = useState(0);
  const key = ids.join();
  useEffect(() => {
    const abort = new AbortController();
    let [end, calm, timer] = [() => {}, 0, 0];
    const again = () => (timer ||= window.setTimeout(() => setRound((it) => it + 1), AGAIN));
    const take = (events: LiveEvent[]) => {
      for (const group of groups.current.values()) if (group?.apply(events).unknown.length) again();
      calm ||= window.setTimeout(() => {
        calm = 0;
        setVersion((it) => it + 1);
      }, CALM);
    };
    void load(ids, groups.current, abort.signal, () => setArrived((it) => it + 1)).then((at) => {
      if (abort.signal.aborted || at === null) return;
      end = subscribe({ bindings: ids.flatMap(groupBindings), at, each: take, reset: again });
    });
    return () => {
      abort.abort();
      clearTimeout(timer);
      clearTimeout(calm);
      end();
    };
  }, [key, round]);
  return { groups: groups.current, arrived, version };
}

/** From which event on the groups are to be followed. */
async function load(ids: string[], groups: Map<string, Group | null>, signal: AbortSignal, changed: () => void): Promise<number | null> {
  let next = 0;
  let at: number | null = null;
  const work = async () => {
    while (next < ids.length && !signal.aborted) {
      const id = ids[next++];
      try {
        const snapshot = await loadGroup(id, signal);
        at = Math.min(at ?? snapshot.at, snapshot.at);
        groups.set(id, new Group(snapshot));
      } catch {
        if (!signal.aborted) groups.set(id, null);
      }
      changed();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return at;
}

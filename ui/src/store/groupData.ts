/** The snapshot of a group. Small, and in the first script: the request is sent before the page's own code is there. */
import { api, segment } from '../api/fetch';

export interface Snapshot {
  at: number;
  group: { taskGroupId: string; schedulerId: string; sealed?: string; expires: string; created: string };
  strings: string[];
  tasks: {
    id: string[];
    name: string[];
    state: number[];
    reason: number[];
    queue: number[];
    priority: number[];
    runs: number[];
    created: number[];
    scheduled: number[];
    started: number[];
    resolved: number[];
    tags: number[][];
    deps: number[][];
  };
}

let preloaded: { group: string; snapshot: Promise<Snapshot> } | null = null;

const get = (group: string, signal?: AbortSignal) =>
  api<Snapshot>(`drover/v1/group/${segment(group)}/snapshot`, { signal });

export function preloadGroup(group: string) {
  const snapshot = get(group);
  snapshot.catch(() => {});
  preloaded = { group, snapshot };
}

/** Takes what was preloaded, once. */
export function loadGroup(group: string, signal: AbortSignal): Promise<Snapshot> {
  const taken = preloaded?.group === group ? preloaded.snapshot : null;
  preloaded = null;
  return taken ?? get(group, signal);
}

/** The group that is shown: its snapshot, then events, applied once a frame. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, api } from '../../api/fetch';
import { groupBindings, subscribe, type LiveEvent } from '../../api/events';
import { session } from '../../store/session';
import { Group, type Status } from '../../store/group';
import { loadGroup } from '../../store/groupData';

export interface Shown {
  group: Group | null;
  error?: ApiError;
  slow: boolean;
  /** Counts the frames in which something changed. */
  version: number;
  /** Rows whose state changed since the rows were last put in order. */
  changed: number;
  settle: () => void;
  reload: () => void;
}

/** More tasks than this at once, and the whole group is read again. */
const MOST_NEW = 500;

export function useGroup(id: string): Shown {
  const [state, setState] = useState<{ group: Group | null; error?: ApiError; slow: boolean }>({ group: null, slow: false });
  const [version, setVersion] = useState(0);
  const [changed, setChanged] = useState(0);
  const [round, setRound] = useState(0);
  const who = session.value?.clientId ?? '';
  useEffect(() => {
    const follower = new Follower(id, setState, (count) => {
      setVersion((it) => it + 1);
      setChanged((it) => it + count);
    });
    void follower.start();
    return () => follower.stop();
  }, [id, round, who]);
  const reload = () => setRound((it) => it + 1);
  return { ...state, version, changed, settle: () => setChanged(0), reload };
}

type Set = (state: { group: Group | null; error?: ApiError; slow: boolean }) => void;

class Follower {
  private readonly abort = new AbortController();
  private group: Group | null = null;
  private waiting: LiveEvent[] = [];
  private frame = 0;
  private unsubscribe = () => {};
  private unknown = new Map<string, Status>();

  constructor(
    private readonly id: string,
    private readonly set: Set,
    private readonly changed: (count: number) => void,
  ) {}

  async start() {
    const slow = setTimeout(() => this.group || this.set({ group: null, slow: true }), 200);
    try {
      performance.mark('snapshot-asked');
      const snapshot = await loadGroup(this.id, this.abort.signal);
      performance.mark('snapshot-here');
      if (this.abort.signal.aborted) return;
      this.group = new Group(snapshot);
      this.set({ group: this.group, slow: false });
      this.unsubscribe();
      this.unsubscribe = subscribe({
        bindings: groupBindings(this.id),
        at: snapshot.at,
        each: (events) => this.take(events),
        reset: () => void this.start(),
      });
    } catch (error) {
      if (this.abort.signal.aborted) return;
      const known = error instanceof ApiError ? error : new ApiError(0, { message: String(error) });
      this.set({ group: this.group, error: known, slow: false });
    } finally {
      clearTimeout(slow);
    }
  }

  private take(events: LiveEvent[]) {
    this.waiting.push(...events);
    // A hidden page gets no frames, and needs none.
    this.frame ||= requestAnimationFrame(() => this.applyWaiting());
  }

  private applyWaiting() {
    this.frame = 0;
    const events = this.waiting;
    this.waiting = [];
    if (!this.group || this.abort.signal.aborted) return;
    const { changed, unknown } = this.group.apply(events);
    if (changed.size) this.changed(changed.size);
    if (unknown.length) void this.fetchUnknown(unknown);
  }

  /** Events carry no names: those of new tasks are asked for together. */
  private async fetchUnknown(statuses: Status[]) {
    const first = this.unknown.size === 0;
    for (const status of statuses) this.unknown.set(status.taskId, status);
    if (!first) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
    const wanted = [...this.unknown.values()];
    this.unknown.clear();
    if (this.abort.signal.aborted || !this.group) return;
    if (wanted.length > MOST_NEW) return void this.start();
    try {
      const body = { taskIds: wanted.map((it) => it.taskId) };
      const found = await api<{ tasks: { taskId: string; task: any }[] }>('queue/v1/tasks', { method: 'POST', body, signal: this.abort.signal });
      const definitions = new Map(found.tasks.map((it) => [it.taskId, it.task]));
      for (const status of wanted) {
        const definition = definitions.get(status.taskId);
        if (definition) this.group.add(status, definition);
      }
      this.changed(wanted.length);
    } catch {
      if (!this.abort.signal.aborted) void this.start();
    }
  }

  stop() {
    this.abort.abort();
    cancelAnimationFrame(this.frame);
    this.unsubscribe();
  }
}

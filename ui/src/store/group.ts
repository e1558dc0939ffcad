/** All tasks of a group in columns, kept up to date by events. A row is its index; rows are never removed. */
import type { LiveEvent } from '../api/events';
import type { Snapshot } from './groupData';
import { PRIORITIES, REASONS, STATES } from './states.ts';

interface Run {
  state: string;
  reasonResolved?: string;
  scheduled?: string;
  started?: string;
  resolved?: string;
}

export interface Status {
  taskId: string;
  taskGroupId: string;
  taskQueueId: string;
  state: string;
  priority: string;
  runs: Run[];
}

export class Group {
  readonly id: string;
  readonly scheduler: string;
  sealed: string | undefined;
  readonly expires: string;
  /** Milliseconds; the zero of the times in the columns. */
  readonly created: number;
  readonly ids: string[];
  readonly names: string[];
  readonly state: number[];
  readonly reason: number[];
  readonly queue: string[];
  readonly priority: number[];
  readonly runs: number[];
  readonly scheduled: number[];
  readonly started: number[];
  readonly resolved: number[];
  readonly createdAt: number[];
  readonly tags: Record<string, string>[];
  readonly deps: number[][];
  /** What the text filter looks at, in lower case. */
  readonly texts: string[];
  readonly counts = [0, 0, 0, 0, 0, 0];
  private readonly rows = new Map<string, number>();

  constructor(snapshot: Snapshot) {
    const { group, strings, tasks } = snapshot;
    this.id = group.taskGroupId;
    this.scheduler = group.schedulerId;
    this.sealed = group.sealed;
    this.expires = group.expires;
    this.created = Date.parse(group.created);
    this.ids = tasks.id;
    this.names = tasks.name;
    this.state = tasks.state;
    this.reason = tasks.reason;
    this.queue = tasks.queue.map((it) => strings[it]);
    this.priority = tasks.priority;
    this.runs = tasks.runs;
    this.scheduled = tasks.scheduled;
    this.started = tasks.started;
    this.resolved = tasks.resolved;
    this.createdAt = tasks.created;
    this.deps = tasks.deps;
    this.tags = tagObjects(tasks.tags, strings);
    this.texts = this.ids.map((_, row) => this.textOf(row));
    this.ids.forEach((id, row) => this.rows.set(id, row));
    for (const state of this.state) this.counts[state]++;
  }

  get size() {
    return this.ids.length;
  }

  row(id: string): number | undefined {
    return this.rows.get(id);
  }

  private textOf(row: number): string {
    const tags = this.tags[row];
    let text = `${this.names[row]} ${this.ids[row]} ${this.queue[row]}`;
    for (const key in tags) text += ` ${key}:${tags[key]}`;
    return text.toLowerCase();
  }

  /** Applies events; returns the rows that changed, and the ids of tasks that are not here yet. */
  apply(events: LiveEvent[]): { changed: Set<number>; unknown: Status[] } {
    const changed = new Set<number>();
    const unknown: Status[] = [];
    for (const { payload } of events) {
      const status = payload.status as Status | undefined;
      if (!status || status.taskGroupId !== this.id) continue;
      const row = this.rows.get(status.taskId);
      if (row === undefined) unknown.push(status);
      else if (this.update(row, status)) changed.add(row);
    }
    return { changed, unknown };
  }

  /** An event may be older than what is known: runs and their stages only ever grow. */
  private update(row: number, status: Status): boolean {
    const state = STATES.indexOf(status.state as (typeof STATES)[number]);
    const run = status.runs.at(-1);
    const age = status.runs.length * 4 + stage(state);
    const known = this.runs[row] * 4 + stage(this.state[row]);
    if (state < 0 || age < known) return false;
    this.counts[this.state[row]]--;
    this.counts[state]++;
    this.state[row] = state;
    this.runs[row] = status.runs.length;
    this.priority[row] = PRIORITIES.indexOf(status.priority);
    this.reason[row] = run?.reasonResolved ? REASONS.indexOf(run.reasonResolved) : -1;
    this.scheduled[row] = this.since(run?.scheduled);
    this.started[row] = this.since(run?.started);
    this.resolved[row] = this.since(run?.resolved);
    return true;
  }

  /** A task that was not in the snapshot. */
  add(status: Status, definition: { metadata: { name: string }; tags?: Record<string, string>; dependencies?: string[]; created: string }) {
    if (this.rows.has(status.taskId)) return;
    const row = this.size;
    this.rows.set(status.taskId, row);
    this.ids.push(status.taskId);
    this.names.push(definition.metadata.name);
    this.queue.push(status.taskQueueId);
    this.tags.push(definition.tags ?? {});
    this.deps.push((definition.dependencies ?? []).flatMap((id) => this.rows.get(id) ?? []));
    this.createdAt.push(this.since(definition.created));
    for (const column of [this.state, this.runs]) column.push(0);
    this.priority.push(0);
    for (const column of [this.reason, this.scheduled, this.started, this.resolved]) column.push(-1);
    this.counts[0]++;
    this.texts.push(this.textOf(row));
    this.update(row, status);
  }

  private since(time?: string): number {
    return time ? (Date.parse(time) - this.created) / 1000 : -1;
  }

  /** Milliseconds of a time in a column, or none. */
  time(column: number[], row: number): number | undefined {
    return column[row] < 0 ? undefined : this.created + column[row] * 1000;
  }

  /** How long the newest run took, or has taken, in seconds. */
  duration(row: number, now: number): number | undefined {
    const start = this.started[row];
    if (start < 0) return undefined;
    const end = this.resolved[row] >= 0 ? this.resolved[row] : (now - this.created) / 1000;
    return Math.max(0, end - start);
  }
}

/** Unscheduled, pending, running, resolved. */
const stage = (state: number) => Math.min(state, 3);

/** Most tasks share their tags with others. */
function tagObjects(columns: number[][], strings: string[]): Record<string, string>[] {
  const known = new Map<string, Record<string, string>>();
  return columns.map((pairs) => {
    const key = pairs.join();
    let tags = known.get(key);
    if (!tags) {
      tags = {};
      for (let i = 0; i < pairs.length; i += 2) tags[strings[pairs[i]]] = strings[pairs[i + 1]];
      known.set(key, tags);
    }
    return tags;
  });
}

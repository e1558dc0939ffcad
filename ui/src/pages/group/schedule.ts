/** What can be read from the times of a group: its slowest tasks, and the chain that it had to wait for. */
import type { Group } from '../../store/group';

export interface Step {
  row: number;
  /** Seconds from being possible to starting, and from starting to the end. */
  wait: number;
  run: number;
}

/** The chain of tasks behind the one that ended last: of each its dependency that ended last. */
export function criticalPath(group: Group): Step[] {
  let row = -1;
  for (let it = 0; it < group.size; it++) if (group.resolved[it] >= 0 && (row < 0 || group.resolved[it] > group.resolved[row])) row = it;
  const path: Step[] = [];
  const seen = new Set<number>();
  while (row >= 0 && !seen.has(row)) {
    seen.add(row);
    const scheduled = group.scheduled[row] < 0 ? group.createdAt[row] : group.scheduled[row];
    const started = group.started[row] < 0 ? group.resolved[row] : group.started[row];
    path.push({ row, wait: Math.max(0, started - scheduled), run: Math.max(0, group.resolved[row] - started) });
    let next = -1;
    for (const dependency of group.deps[row]) {
      if (group.resolved[dependency] >= 0 && (next < 0 || group.resolved[dependency] > group.resolved[next])) next = dependency;
    }
    row = next;
  }
  return path.reverse();
}

export function slowest(group: Group, now: number, count = 10): number[] {
  const rows = [...group.ids.keys()].filter((row) => group.started[row] >= 0);
  return rows.sort((a, b) => (group.duration(b, now) ?? 0) - (group.duration(a, now) ?? 0)).slice(0, count);
}

/** From the first task to the last change, in seconds after the group's beginning; at least a second. */
export function span(group: Group, rows: number[], now: number): [number, number] {
  let from = Infinity;
  let to = 0;
  for (const row of rows) {
    const begin = group.scheduled[row] >= 0 ? group.scheduled[row] : group.createdAt[row];
    const end = group.resolved[row] >= 0 ? group.resolved[row] : (now - group.created) / 1000;
    if (begin < from) from = begin;
    if (end > to) to = end;
  }
  if (from === Infinity) return [0, 1];
  return [from, Math.max(from + 1, to)];
}

/** Pushes beside each other: which tasks of a name each of them has. */
import type { Group } from './group';

export interface GridRow {
  name: string;
  /** By push: rows of its group, the newest first; of a push that is not here yet, or lacks the task, none. */
  cells: number[][];
}

export function gridRows(groups: (Group | null | undefined)[]): GridRow[] {
  const rows = new Map<string, GridRow>();
  groups.forEach((group, push) => {
    if (!group) return;
    for (let task = 0; task < group.size; task++) {
      const name = group.names[task];
      let row = rows.get(name);
      if (!row) rows.set(name, (row = { name, cells: groups.map(() => []) }));
      row.cells[push].push(task);
    }
  });
  for (const row of rows.values()) row.cells.forEach((tasks, push) => tasks.sort((a, b) => groups[push]!.createdAt[b] - groups[push]!.createdAt[a]));
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface GridFilter {
  text: string;
  /** Failed in some push. */
  failed: boolean;
  /** Not the same in all pushes that have it resolved. */
  differing: boolean;
}

const BAD = 4;

export function filterGrid(rows: GridRow[], groups: (Group | null | undefined)[], { text, failed, differing }: GridFilter): GridRow[] {
  const wanted = text.toLowerCase();
  const newest = (row: GridRow) => row.cells.flatMap((tasks, push) => (tasks.length ? [groups[push]!.state[tasks[0]]] : []));
  return rows.filter((row) => {
    if (wanted && !row.name.toLowerCase().includes(wanted)) return false;
    if (!failed && !differing) return true;
    const states = newest(row);
    if (failed && !states.some((state) => state >= BAD)) return false;
    const resolved = states.filter((state) => state >= 3).map((state) => state >= BAD);
    return !differing || new Set(resolved).size > 1;
  });
}

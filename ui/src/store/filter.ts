/** Which rows of a group are shown, in which order. */
import type { Group } from './group.ts';
import { STATES, URGENCY } from './states.ts';

export interface View {
  text: string;
  /** Names of states; none: all. */
  states: string[];
  queue: string;
  sort: string;
  /** The name of a tag to group by, or nothing. */
  by: string;
  /** Groups that are folded. */
  folded: ReadonlySet<string>;
}

/** A task, or the head of those that share the value of a tag. */
export type Item = number | { head: string; size: number; counts: number[]; folded: boolean };

/** Whether a text fits what was typed: words that all occur, or an expression between slashes. */
export function matcher(typed: string): (text: string) => boolean {
  const text = typed.trim();
  if (text.length > 1 && text.startsWith('/')) {
    const source = text.slice(1, text.length > 2 && text.endsWith('/') ? -1 : undefined);
    try {
      const expression = new RegExp(source, 'i');
      return (it) => expression.test(it);
    } catch {
      return () => false;
    }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return () => true;
  if (words.length === 1) return (it) => it.includes(words[0]);
  return (it) => words.every((word) => it.includes(word));
}

export function isBadExpression(typed: string): boolean {
  const text = typed.trim();
  if (text.length < 2 || !text.startsWith('/')) return false;
  try {
    new RegExp(text.slice(1, text.length > 2 && text.endsWith('/') ? -1 : undefined));
    return false;
  } catch {
    return true;
  }
}

export function filterRows(group: Group, view: View): number[] {
  const fits = matcher(view.text);
  const wanted = STATES.map((state) => !view.states.length || view.states.includes(state));
  const rows: number[] = [];
  for (let row = 0; row < group.size; row++) {
    if (!wanted[group.state[row]]) continue;
    if (view.queue && group.queue[row] !== view.queue) continue;
    if (fits(group.texts[row])) rows.push(row);
  }
  return rows;
}

type Compare = (a: number, b: number) => number;

function comparison(group: Group, sort: string, now: number): Compare {
  const byName: Compare = (a, b) => order(group.names[a], group.names[b]) || a - b;
  const number = (value: (row: number) => number): Compare => (a, b) => value(a) - value(b) || byName(a, b);
  switch (sort.replace('-', '')) {
    case 'name':
      return byName;
    case 'queue':
      return (a, b) => order(group.queue[a], group.queue[b]) || byName(a, b);
    case 'priority':
      return number((row) => -group.priority[row]);
    case 'runs':
      return number((row) => -group.runs[row]);
    case 'duration':
      return number((row) => -(group.duration(row, now) ?? -1));
    case 'created':
      return number((row) => group.createdAt[row]);
    case 'resolved':
      return number((row) => -group.resolved[row]);
    default:
      return number((row) => URGENCY_RANK[group.state[row]]);
  }
}

/** Failed, exception, running, pending, unscheduled, completed. */
const URGENCY_RANK = URGENCY;

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function sortRows(group: Group, rows: number[], sort: string, now: number): number[] {
  const compare = comparison(group, sort, now);
  rows.sort(sort.startsWith('-') ? (a, b) => compare(b, a) : compare);
  return rows;
}

/** With heads between them where they are grouped. */
export function items(group: Group, rows: number[], view: View): Item[] {
  if (!view.by) return rows;
  const parts = new Map<string, number[]>();
  for (const row of rows) {
    const value = group.tags[row][view.by] ?? prefix(group.names[row]);
    const part = parts.get(value);
    if (part) part.push(row);
    else parts.set(value, [row]);
  }
  const all: Item[] = [];
  for (const [head, part] of parts) {
    const counts = [0, 0, 0, 0, 0, 0];
    for (const row of part) counts[group.state[row]]++;
    const folded = view.folded.has(head);
    all.push({ head, size: part.length, counts, folded });
    if (!folded) for (const row of part) all.push(row);
  }
  return all;
}

/** What stands for a kind where there is no tag: the first word of the name. */
export function prefix(name: string): string {
  return name.split(/[-/ :_]/, 1)[0] || name;
}

/** Names of tags that say something: with more than one value, and fewer than there are tasks. */
export function usefulTags(group: Group): string[] {
  const values = new Map<string, Set<string>>();
  const step = Math.max(1, Math.floor(group.size / 2000));
  for (let row = 0; row < group.size; row += step) {
    for (const [key, value] of Object.entries(group.tags[row])) {
      let set = values.get(key);
      if (!set) values.set(key, (set = new Set()));
      if (set.size < 200) set.add(value);
    }
  }
  const useful = [...values].filter(([, set]) => set.size > 1 && set.size < 200).map(([key]) => key);
  return useful.sort();
}

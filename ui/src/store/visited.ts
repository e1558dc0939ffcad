/** Groups that were looked at in this browser. */
const NAME = 'drover-visited';
const MOST = 12;

export interface Visited {
  id: string;
  name: string;
}

export function visited(): Visited[] {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? '[]');
  } catch {
    return [];
  }
}

export function remember(group: Visited) {
  const others = visited().filter((it) => it.id !== group.id);
  try {
    localStorage.setItem(NAME, JSON.stringify([group, ...others].slice(0, MOST)));
  } catch {
    // A browser that keeps nothing.
  }
}

/** The box that takes any id, path or word. */
import { useState } from 'preact/hooks';
import { api, segment } from '../api/fetch';
import { toast } from '../parts/Toast';
import { go } from './router';

const SLUG = /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/;
const PREFIX = /^[A-Za-z0-9_-]{6,21}$/;

/** A whole URL of this or another Taskcluster, an id, the beginning of one, or a path of the index. */
export async function resolve(text: string): Promise<string | null> {
  const typed = text.trim();
  if (/^https?:\/\//.test(typed)) {
    const url = new URL(typed);
    return url.pathname + url.search + url.hash;
  }
  if (typed.startsWith('/')) return typed;
  if (SLUG.test(typed) || PREFIX.test(typed)) {
    const found = await api<{ taskIds: string[]; taskGroupIds: string[] }>(`drover/v1/ids/${segment(typed.slice(0, 21))}`);
    const groups = found.taskGroupIds.filter((it) => it.startsWith(typed));
    const tasks = found.taskIds.filter((it) => it.startsWith(typed));
    if (groups.length) return `/tasks/groups/${groups[0]}`;
    if (tasks.length) return `/tasks/${tasks[0]}`;
  }
  return null;
}

export function Search() {
  const [text, setText] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!text.trim()) return;
    try {
      const path = await resolve(text);
      if (!path) return toast(`Nothing is called \`${text.trim()}\``, true);
      setText('');
      (document.activeElement as HTMLElement | null)?.blur();
      go(path);
    } catch (error) {
      toast((error as Error).message, true);
    }
  };
  return (
    <form class="find" role="search" onSubmit={submit}>
      <input
        type="search"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        placeholder="Id or address of a task or group  ( / )"
        aria-label="Search"
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  );
}

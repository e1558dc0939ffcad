/** Who is signed in. Credentials stay on the server; here is only what the page needs to know. */
import { signal } from '@preact/signals';
import { api } from '../api/fetch';
import { serverAhead } from './clock';

export interface Session {
  clientId?: string;
  scopes: string[];
  expires?: string;
  ended?: boolean;
  methods: string[];
  providers: { title: string; path: string }[];
  now: string;
  version: string;
}

export const session = signal<Session | null>(null);
/** The sign-in form lies over the page: a session ended in the middle of something, and nothing is lost. */
export const signInOpen = signal(false);

export async function loadSession(): Promise<void> {
  try {
    const found = await api<Session>('drover/v1/session');
    const ahead = Date.parse(found.now) - Date.now();
    // Less is only what the answer took.
    serverAhead.value = Math.abs(ahead) > 2000 ? ahead : 0;
    session.value = found;
  } catch {
    // The banner about the connection says so.
  }
}

/** Whether the one who is signed in may do what needs this scope. */
export function may(scope: string): boolean {
  const held = session.value?.scopes ?? [];
  return held.some((it) => it === scope || (it.endsWith('*') && scope.startsWith(it.slice(0, -1))));
}

export async function signIn(body: { link: string } | { clientId: string; accessToken: string }): Promise<void> {
  await api('drover/v1/session', { method: 'POST', body });
  await loadSession();
  signInOpen.value = false;
}

export async function signOut(): Promise<void> {
  await api('drover/v1/session/end', { method: 'POST' });
  await loadSession();
}

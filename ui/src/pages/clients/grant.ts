/** What a program may ask of `/auth/clients/create`, as Taskcluster's command line does to sign in. */

const UNITS: Record<string, number> = { y: 365 * 86_400, mo: 30 * 86_400, w: 7 * 86_400, d: 86_400, h: 3600, m: 60, s: 1 };

/** `1d`, `3 hours`, `1 week 2 days`: seconds, or none for anything else. */
export function seconds(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+)\s*(y|mo|w|d|h|m|s)[a-z]*/gi)];
  const left = text.replace(/(\d+)\s*(y|mo|w|d|h|m|s)[a-z]*/gi, '').trim();
  if (!parts.length || left) return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit.toLowerCase()], 0);
}

const covers = (wide: string, narrow: string) => wide === narrow || (wide.endsWith('*') && narrow.startsWith(wide.slice(0, -1)));

/** The scopes that both lists give. */
export function intersection(asked: string[], held: string[]): string[] {
  const both = asked.flatMap((one) => held.flatMap((other) => (covers(other, one) ? [one] : covers(one, other) ? [other] : [])));
  const all = [...new Set(both)].sort();
  return all.filter((it) => !all.some((other) => other !== it && covers(other, it)));
}

/** Only a program of this machine gets credentials in an address: others could read them on the way. */
export function isLocal(callback: string): boolean {
  try {
    const { protocol, hostname } = new URL(callback);
    return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  } catch {
    return false;
  }
}

export function withCredentials(callback: string, clientId: string, accessToken: string): string {
  const url = new URL(callback);
  url.searchParams.set('clientId', clientId);
  url.searchParams.set('accessToken', accessToken);
  return url.href;
}

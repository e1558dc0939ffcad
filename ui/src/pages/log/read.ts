/** Reads an artifact as it grows: what is stored, or the live log of a worker. */
import { ApiError, errorOf, pause, segment } from '../../api/fetch';
import type { LogText } from '../../store/logText';

export interface Progress {
  /** Of the whole, where it is known. */
  total: number;
  done: boolean;
  error?: ApiError;
  /** Bytes at the beginning that are not read: a page has no room for more than the end of it. */
  skipped: number;
}

/** More than this is not kept in a page; the end is what matters. */
const MOST = 400 << 20;

export const artifactUrl = (task: string, run: string, name: string) =>
  `/api/queue/v1/task/${segment(task)}/runs/${segment(run)}/artifacts/${name.split('/').map(segment).join('/')}`;

/** Calls `grown` after each piece. A log that does not exist yet is waited for while `waits` says so. */
export async function read(
  url: string,
  log: LogText,
  signal: AbortSignal,
  waits: () => boolean,
  grown: (progress: Progress) => void,
): Promise<void> {
  let response = await open(url, signal, waits);
  let total = Number(response.headers.get('content-length') ?? 0);
  let skipped = 0;
  if (total > MOST) {
    skipped = total - MOST;
    response = await fetch(url, { signal, headers: { range: `bytes=${skipped}-` } });
    total = MOST;
  }
  // What is stored compressed is longer than its content-length says.
  if (response.headers.has('content-encoding')) total = 0;
  log.expect(Math.min(total, MOST));
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (log.length + value.length > MOST) break;
    log.append(value);
    grown({ total, done: false, skipped });
  }
  grown({ total, done: true, skipped });
}

async function open(url: string, signal: AbortSignal, waits: () => boolean): Promise<Response> {
  for (;;) {
    // No header of ours: the answer may lead to another origin, which would have to allow it.
    const response = await fetch(url, { signal });
    if (response.ok) return response;
    const error = await errorOf(response);
    if (!(response.status === 404 && waits())) throw error;
    await pause(700, signal);
  }
}

/** Requests to Drover's API, in the name of the session. */

export interface Options {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  /** The text instead of JSON. */
  headers?: Record<string, string>;
}

interface ErrorBody {
  code?: string;
  message?: string;
  error?: string;
  details?: { redirect?: string; smallestGrant?: string[] | null; faults?: { pointer: string; expected: string; got: string }[] };
}

/** A response that is an error, or no response at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly missing: string[];
  /** Where the browser is to go because of it. */
  readonly redirect: string | undefined;
  readonly faults: { pointer: string; expected: string; got: string }[];

  constructor(status: number, body: ErrorBody) {
    super((body.message ?? body.error ?? 'Drover cannot be reached').split('\n\n---\n')[0]);
    this.status = status;
    this.code = body.code ?? '';
    this.missing = body.details?.smallestGrant ?? [];
    this.redirect = body.details?.redirect;
    this.faults = body.details?.faults ?? [];
  }
}

const RETRIES = 3;

/** Set by the store: what happens when the session has ended. */
let onEnded: () => void = () => {};
export const whenSessionEnds = (run: () => void) => void (onEnded = run);

/** A response below `/api/`, whatever its status; a 503 is repeated when the server says. */
export async function request(path: string, options: Options = {}): Promise<Response> {
  const { method = 'GET', body, signal, headers } = options;
  const init: RequestInit = { method, signal, headers: { 'x-drover-ui': '1', ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    (init.headers as Record<string, string>)['content-type'] = 'application/json';
  }
  for (let attempt = 0; ; attempt++) {
    let response: Response;
    try {
      response = await fetch(`/api/${path}`, init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, {});
    }
    if (response.status !== 503 || attempt >= RETRIES) return response;
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    await pause(Math.min(Math.max(seconds, 0.2), 10) * 1000 * (attempt + 1), signal);
  }
}

export async function api<T = unknown>(path: string, options: Options = {}): Promise<T> {
  const response = await request(path, options);
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  if (response.status === 401 && !path.startsWith('drover/v1/session')) onEnded();
  throw await errorOf(response);
}

/** The same; `null` where there is no such thing. */
export async function apiOrNull<T>(path: string, options: Options = {}): Promise<T | null> {
  try {
    return await api<T>(path, options);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export async function errorOf(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({ message: `Drover answered ${response.status}` }));
  return new ApiError(response.status, body as ErrorBody);
}

export function pause(milliseconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** One segment of a path. */
export const segment = encodeURIComponent;

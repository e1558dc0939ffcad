/** What a page shows instead of its content: nothing yet, an error, no permission, nothing at all. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/fetch';
import type { Data } from '../api/useData';
import { session, signInOpen } from '../store/session';

export function Problem({ error, retry }: { error: ApiError; retry?: () => void }) {
  if (error.status === 404) {
    return (
      <div class="empty">
        <h1>Not found</h1>
        <p>{error.message}</p>
        <a href="/">To the start page</a>
      </div>
    );
  }
  if (error.status === 403 || error.status === 401) return <Forbidden error={error} />;
  return (
    <div class="note bad" role="alert">
      <p>
        <b>{error.status === 0 ? 'Drover cannot be reached.' : 'This could not be done.'}</b>
      </p>
      <p class="pre">{error.message}</p>
      {retry && <button onClick={retry}>Try again</button>}
    </div>
  );
}

function Forbidden({ error }: { error: ApiError }) {
  const who = session.value?.clientId;
  return (
    <div class="note warn" role="alert">
      <p>
        <b>{who ? `${who} may not see this.` : 'This is not public.'}</b>
      </p>
      {error.missing.length > 0 && (
        <p>
          Missing: {error.missing.slice(0, 5).map((scope) => <code key={scope}>{scope} </code>)}
        </p>
      )}
      <button class="primary" onClick={() => (signInOpen.value = true)}>
        {who ? 'Sign in as somebody else' : 'Sign in'}
      </button>
    </div>
  );
}

/** The content where there is some; what was there before stays while it is asked for again. */
export function Shown<T>({ data, children }: { data: Data<T>; children: (value: T) => ComponentChildren }) {
  if (data.value === undefined) {
    if (data.error) return <Problem error={data.error} retry={data.reload} />;
    return data.slow ? <div class="skeleton" aria-busy="true" aria-label="Loading" /> : null;
  }
  return (
    <>
      {data.error && <Problem error={data.error} retry={data.reload} />}
      {children(data.value)}
    </>
  );
}

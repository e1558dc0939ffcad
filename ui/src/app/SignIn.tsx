/** The form for a client id and its access token; over the page, or a page of its own. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api/fetch';
import { Dialog } from '../parts/Dialog';
import { place } from './router';
import { session, signIn, signInOpen } from '../store/session';

export function SignInForm({ done }: { done?: () => void }) {
  const [clientId, setClientId] = useState('');
  const [accessToken, setAccessToken] = useState('');
  const [problem, setProblem] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await signIn({ clientId: clientId.trim(), accessToken: accessToken.trim() });
      done?.();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
  };
  return (
    <form class="form" onSubmit={submit}>
      <Providers />
      <label class="field">
        Client ID
        <input name="username" autocomplete="username" required value={clientId} onInput={(it) => setClientId(it.currentTarget.value)} />
      </label>
      <label class="field">
        Access token
        <input
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={accessToken}
          onInput={(it) => setAccessToken(it.currentTarget.value)}
        />
      </label>
      {problem && (
        <div class="note bad" role="alert">
          {problem}
        </div>
      )}
      <p class="quiet">
        The token is checked and not kept; this browser gets a cookie. On this machine, <code>drover ui</code> prints a link that signs in.
      </p>
      <div class="buttons">
        <button class="primary">Sign in</button>
      </div>
    </form>
  );
}

/** The browser goes there, and comes back to where it is now. */
function Providers() {
  const providers = session.value?.providers ?? [];
  if (!providers.length) return null;
  const { path, query } = place.value;
  const here = path === '/login' ? query.get('return_to') || '/' : location.pathname + location.search;
  return (
    <div class="buttons providers">
      {providers.map((it) => (
        <a key={it.path} class="button primary" href={`${it.path}?return_to=${encodeURIComponent(here)}`} target="_self">
          Sign in with {it.title}
        </a>
      ))}
    </div>
  );
}

export function SignInDialog() {
  if (!signInOpen.value) return null;
  const close = () => (signInOpen.value = false);
  const title = session.value?.ended ? 'Your session has ended. Sign in again' : 'Sign in';
  return (
    <Dialog title={title} close={close}>
      <SignInForm done={close} />
    </Dialog>
  );
}

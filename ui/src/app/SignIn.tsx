/** The form for a client id and its access token; over the page, or a page of its own. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api/fetch';
import { Dialog } from '../parts/Dialog';
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

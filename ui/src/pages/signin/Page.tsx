/** Signing in: by the one-time link that Drover prints, or by a client id and its access token. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../../api/fetch';
import { go, place } from '../../app/router';
import { SignInForm } from '../../app/SignIn';
import { signIn } from '../../store/session';

/** Only paths of this page: a link from elsewhere must not lead away. */
function target(): string {
  const wanted = place.value.query.get('return_to') ?? '/';
  return /^\/(?![/\\])/.test(wanted) ? wanted : '/';
}

/** Why somebody came back from a provider without a session. */
function comeBack(): string {
  const { query } = place.value;
  const name = query.get('name') ?? '';
  const texts: Record<string, string> = {
    attempt: 'This browser began no such attempt in the last ten minutes. Sign in again.',
    denied: 'The provider did not let you in.',
    refused: `What ${name} says cannot be trusted; the log of the server tells why.`,
    unavailable: `${name} cannot be asked just now. Try again in a moment.`,
    roles: `${name} may do nothing here. Who runs this server can create the role login-identity:${name}.`,
    busy: 'Nobody can sign in just now. Try again in a moment.',
  };
  return texts[query.get('problem') ?? ''] ?? '';
}

export default function SignInPage() {
  const [problem, setProblem] = useState(comeBack);
  const token = location.pathname === '/login/once' ? place.value.hash.slice(1) : '';
  useEffect(() => {
    if (!token) return;
    // The token leaves the address before it is used, so that no history keeps it.
    history.replaceState(null, '', '/login/once');
    signIn({ link: token }).then(
      () => go(target(), true),
      (error) => setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  }, []);
  if (token && !problem) return <p role="status">Signing in…</p>;
  return (
    <div class="card narrow">
      <h1>Sign in</h1>
      {problem && (
        <div class="note bad" role="alert">
          {problem}
        </div>
      )}
      <SignInForm done={() => go(target(), true)} />
    </div>
  );
}

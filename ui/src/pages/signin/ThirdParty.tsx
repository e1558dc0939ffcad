/** An application asks for credentials: who it is and what it would get is shown before it gets them. */
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError } from '../../api/fetch';
import { place } from '../../app/router';
import { Action } from '../../parts/Action';
import { ScopeList } from '../../parts/ScopeList';
import { Ago } from '../../parts/Time';
import { session, signInOpen } from '../../store/session';

interface Asked {
  thirdParty: string;
  redirectUri: string;
  scopes: string[];
  notHeld: string[];
  clientId: string;
  expires: string;
  skipConsent: boolean;
  lacking: string[];
}

/** The query of the link with which it sent the browser. */
function request() {
  const { query } = place.value;
  const text = (name: string) => query.get(name) ?? '';
  return {
    clientId: text('client_id'),
    redirectUri: text('redirect_uri'),
    responseType: text('response_type'),
    scope: text('scope'),
    state: query.get('state') ?? undefined,
    expires: query.get('expires') ?? undefined,
  };
}

const decide = (allow: boolean) =>
  api<{ redirect: string }>('drover/v1/third-party/decision', { method: 'POST', body: { request: request(), allow } }).then(({ redirect }) =>
    location.assign(redirect),
  );

export default function ThirdPartyPage() {
  document.title = 'An application asks for credentials · Drover';
  const who = session.value?.clientId;
  const [asked, setAsked] = useState<Asked>();
  const [problem, setProblem] = useState<ApiError>();
  useEffect(() => {
    if (!who) return;
    const run = async () => {
      const found = await api<Asked>('drover/v1/third-party', { method: 'POST', body: request() });
      if (found.skipConsent && !found.lacking.length) await decide(true);
      else setAsked(found);
    };
    run().catch((error) => setProblem(error as ApiError));
  }, [who]);
  if (!session.value) return null;
  return (
    <div class="card narrow">
      <h1>An application asks for credentials</h1>
      {problem ? <Refused problem={problem} /> : !who ? <SignInFirst /> : asked ? <Ask asked={asked} who={who} /> : <p role="status">One moment…</p>}
    </div>
  );
}

function SignInFirst() {
  return (
    <>
      <p>
        <b>{request().clientId}</b> asks for credentials of yours. Sign in to see what it would get.
      </p>
      <button class="primary" onClick={() => (signInOpen.value = true)}>
        Sign in
      </button>
    </>
  );
}

function Refused({ problem }: { problem: ApiError }) {
  return (
    <>
      <div class="note bad" role="alert">
        {problem.message}
      </div>
      {problem.redirect && (
        <a class="button" href={problem.redirect}>
          Back to {new URL(problem.redirect).host}
        </a>
      )}
    </>
  );
}

function Ask({ asked, who }: { asked: Asked; who: string }) {
  const why = asked.lacking.length ? `You lack ${asked.lacking.join(', ')}` : undefined;
  return (
    <>
      <p>
        <b>{asked.thirdParty}</b> at <code>{new URL(asked.redirectUri).host}</code> asks to act for <code>{who}</code>, until <Ago time={asked.expires} />. It would
        get a client like <code>{asked.clientId}</code>, which you can disable.
      </p>
      <h2>What it may do</h2>
      {asked.scopes.length ? <ScopeList scopes={asked.scopes} /> : <p class="quiet">Nothing: you hold none of the scopes that it asks for.</p>}
      {asked.notHeld.length > 0 && (
        <>
          <h2>What it asks for and you do not hold</h2>
          <ScopeList scopes={asked.notHeld} />
        </>
      )}
      {why && (
        <div class="note bad" role="alert">
          {why}. A role of yours is to give it, such as <code>auth:create-client:{asked.clientId.replace(/[^/]*$/, '')}*</code>.
        </div>
      )}
      <div class="buttons">
        <Action scopes={[]} run={() => decide(false)}>
          Refuse
        </Action>
        <Action scopes={[]} kind="primary" why={why} run={() => decide(true)}>
          Allow
        </Action>
      </div>
    </>
  );
}

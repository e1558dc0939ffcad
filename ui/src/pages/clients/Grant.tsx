/** A program of this machine asks for a client of its own: what it gets is shown before it gets it. */
import { api, ApiError, segment } from '../../api/fetch';
import { place } from '../../app/router';
import { Action } from '../../parts/Action';
import { ScopeList } from '../../parts/ScopeList';
import { duration } from '../../parts/Time';
import { session, signInOpen } from '../../store/session';
import { intersection, isLocal, seconds, withCredentials } from './grant';

/** Without a wish. */
const EXPIRES = '1d';

interface Request {
  clientId: string;
  name: string;
  description: string;
  scopes: string[];
  expires: number;
}

export default function Grant() {
  document.title = 'A new client · Drover';
  const { query } = place.value;
  const callback = query.get('callback_url') ?? '';
  const expires = seconds(query.get('expires') ?? EXPIRES);
  const who = session.value;
  if (!session.value) return null;
  const problem = !isLocal(callback)
    ? `The credentials would go to ${callback || 'nowhere'}: they are sent to http://localhost only.`
    : !expires && `The lifetime ${query.get('expires')} cannot be read: it is written like 1d or 3 hours.`;
  if (problem) {
    return (
      <div class="card narrow">
        <h1>A new client</h1>
        <div class="note bad" role="alert">
          {problem}
        </div>
      </div>
    );
  }
  if (!who?.clientId) {
    return (
      <div class="card narrow">
        <h1>A new client</h1>
        <p>A program of this machine asks for a client. Sign in to see what it would get.</p>
        <button class="primary" onClick={() => (signInOpen.value = true)}>
          Sign in
        </button>
      </div>
    );
  }
  const name = query.get('name') || 'client';
  const request = {
    // Below its user's id, except that clients below `static/` come from the settings only.
    clientId: `${who.clientId.replace(/^static\//, '')}/${name}`,
    name,
    description: query.get('description') ?? '',
    scopes: intersection(query.getAll('scope'), who.scopes),
    expires: expires!,
  };
  return <Ask request={request} callback={callback} />;
}

function Ask({ request, callback }: { request: Request; callback: string }) {
  const { clientId, description, scopes, expires } = request;
  const run = async () => {
    const accessToken = await make(request);
    location.assign(withCredentials(callback, clientId, accessToken));
  };
  return (
    <div class="card narrow">
      <h1>A new client</h1>
      <p>
        A program of this machine asks for the client <code>{clientId}</code>, for {duration(expires)}. It will be sent to <code>{new URL(callback).host}</code>.
      </p>
      {description && <p class="pre quiet">{description}</p>}
      <h2>What it may do</h2>
      {scopes.length ? <ScopeList scopes={scopes} /> : <p class="quiet">Nothing: you hold none of the scopes that it asks for.</p>}
      <div class="buttons">
        <a class="button" href="/">
          Leave it
        </a>
        <Action scopes={[`auth:create-client:${clientId}`]} kind="primary" run={run}>
          Give it
        </Action>
      </div>
    </div>
  );
}

/** It is disabled when its maker loses its scopes. One of the same name is used again, with these scopes and a new token. */
async function make({ clientId, name, description, scopes, expires }: Request): Promise<string> {
  const body = { description, scopes, expires: new Date(Date.now() + expires * 1000).toISOString() };
  try {
    return (await api<{ accessToken: string }>('drover/v1/session/client', { method: 'POST', body: { name, ...body } })).accessToken;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const path = `auth/v1/clients/${segment(clientId)}`;
    await api(path, { method: 'POST', body: { deleteOnExpiration: true, ...body } });
    return (await api<{ accessToken: string }>(`${path}/reset`, { method: 'POST' })).accessToken;
  }
}

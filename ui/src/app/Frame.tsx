/** What is around every page: search, navigation, who is signed in, and the banner about the connection. */
import { useEffect, useRef } from 'preact/hooks';
import { whenSessionEnds } from '../api/fetch';
import { Confirm } from '../parts/Confirm';
import { Toast } from '../parts/Toast';
import { loadSession, session, signInOpen, signOut } from '../store/session';
import { Banner } from './Banner';
import { Help } from './Help';
import { helpOpen, useKeys } from './keys';
import { Palette, paletteOpen } from './Palette';
import { go, screen } from './router';
import { Search } from './Search';
import { SignInDialog } from './SignIn';

const PLACES = [
  { path: '/', section: 'home', name: 'Home', key: 'g h' },
  { path: '/queues', section: 'queues', name: 'Queues', key: 'g q' },
  { path: '/worker-manager', section: 'pools', name: 'Pools', key: 'g p' },
  { path: '/hooks', section: 'hooks', name: 'Hooks', key: 'g k' },
  { path: '/tasks/index', section: 'index', name: 'Index', key: 'g i' },
  { path: '/events', section: 'events', name: 'Events', key: 'g e' },
  { path: '/secrets', section: 'secrets', name: 'Secrets', key: 'g s' },
  { path: '/auth/clients', section: 'clients', name: 'Clients', key: 'g c' },
  { path: '/auth/roles', section: 'roles', name: 'Roles', key: 'g r' },
  { path: '/auth/scopes', section: 'scopes', name: 'Scopes', key: 'g o' },
  { path: '/tasks/create', section: 'create', name: 'Create', key: 'g n' },
];

/** Behind "More": they are needed now and then. */
const MORE = [
  { path: '/pushes', name: 'Pushes', key: 'g b' },
  { path: '/audit', name: 'Audit', key: 'g a' },
  { path: '/purge-cache', name: 'Purge cache', key: 'g u' },
  { path: '/notify/denylist', name: 'Denylist', key: 'g d' },
];

whenSessionEnds(() => {
  void loadSession();
  signInOpen.value = true;
});

export function Frame() {
  const { component: Page, params, section, failed } = screen.value;
  const main = useRef<HTMLElement>(null);
  useKeys(
    [
      ...[...PLACES, ...MORE].map((it) => ({ keys: it.key, what: `Go to ${it.name}`, run: () => go(it.path) })),
      { keys: '/', what: 'Search', run: () => document.querySelector<HTMLInputElement>('.find input')?.focus() },
      { keys: '?', what: 'All keys', run: () => (helpOpen.value = true) },
      { keys: 'Ctrl-K', what: 'Commands', run: () => (paletteOpen.value = true) },
    ],
  );
  useEffect(() => {
    // Of whoever uses a screen reader or the keyboard, the focus moves with the page.
    if (document.activeElement === document.body || document.activeElement?.tagName === 'A') main.current?.focus({ preventScroll: true });
  }, [Page]);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <a class="name" href="/">
          <img src="/icon.svg" width="18" height="18" alt="" />
          Drover
        </a>
        <nav aria-label="Pages">
          {PLACES.map((it) => (
            <a key={it.path} href={it.path} aria-current={it.section === section ? 'page' : undefined}>
              {it.name}
            </a>
          ))}
          <More />
        </nav>
        <Search />
        <Who />
      </header>
      <Banner />
      <main id="main" tabIndex={-1} ref={main}>
        {failed && <div class="note bad">{failed}</div>}
        {Page && <Page params={params} />}
      </main>
      <SignInDialog />
      <Palette />
      <Help />
      <Confirm />
      <Toast />
    </>
  );
}

function More() {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => menu.current?.removeAttribute('open');
  return (
    <details class="more" ref={menu} onKeyDown={(it) => it.key === 'Escape' && close()}>
      <summary>More</summary>
      <div>
        {MORE.map((it) => (
          <a key={it.path} href={it.path} onClick={close}>
            {it.name}
          </a>
        ))}
      </div>
    </details>
  );
}

function Who() {
  const who = session.value;
  if (!who) return <div class="who" />;
  return (
    <div class="who">
      {who.clientId ? (
        <>
          <span title={who.clientId}>{who.clientId}</span>
          <button class="plain" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      ) : (
        <button onClick={() => (signInOpen.value = true)}>Sign in</button>
      )}
      <button class="plain" aria-label="Keys and settings" title="Keys and settings (?)" onClick={() => (helpOpen.value = true)}>
        ?
      </button>
    </div>
  );
}

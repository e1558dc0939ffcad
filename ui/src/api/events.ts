/**
 * Live events, one connection a browser: servers of HTTP/1.1 get six connections from a browser, and a stream in each tab
 * would leave none for requests. One tab leads (a lock) and tells the others (a channel); when it goes, another one takes
 * over where it was.
 */
import { signal } from '@preact/signals';
import { ApiError } from './fetch';
import { readEvents, type Message } from './sse';

export interface Binding {
  exchange: string;
  routingKeyPattern: string;
}

export interface LiveEvent {
  id: number;
  exchange: string;
  routingKey: string;
  payload: Record<string, any>;
}

export interface Subscription {
  bindings: Binding[];
  /** Events up to here are known. `FROM_NOW`: what is shown is asked for again once events arrive. */
  at: number;
  /** A batch, in order. */
  each: (events: LiveEvent[]) => void;
  /** What is shown is too old to be brought up to date by events. */
  reset: () => void;
}

export const FROM_NOW = -1;

type Said =
  | { kind: 'want'; tab: string; bindings: Binding[]; at: number }
  | { kind: 'who' }
  | { kind: 'events'; messages: Message[] }
  | { kind: 'reset' }
  | { kind: 'state'; state: LiveState };

export type LiveState = { status: 'off' | 'live' | 'lost' | 'forbidden' | 'not kept'; since: number };

/** What the banner shows. */
export const live = signal<LiveState>({ status: 'off', since: Date.now() });

const tab = Math.random().toString(36).slice(2);
const LOCK = 'drover-events';
const FURTHEST_BEHIND = 5000;
/** The server takes 100. */
const MOST_BINDINGS = 90;
const QUIET_AFTER_HIDDEN = 60_000;

let subscription: Subscription | null = null;
const shares = 'locks' in navigator && 'BroadcastChannel' in globalThis;
const channel = shares ? new BroadcastChannel('drover-events') : null;
const lead = new (class Leader {
  /** By tab; a tab that is gone is removed when its lock is free. */
  wants = new Map<string, { bindings: Binding[]; at: number }>();
  leading = false;
  position = -1;
  abort: AbortController | null = null;
  wake: () => void = () => {};

  async run() {
    this.leading = true;
    say({ kind: 'who' });
    for (let failures = 0; ; ) {
      const bindings = this.bindings();
      if (!bindings.length) {
        setState('off');
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      this.abort = new AbortController();
      try {
        await this.follow(bindings, this.abort.signal);
        failures = 0;
      } catch (error) {
        if (this.abort.signal.aborted) continue;
        failures = this.failed(error, failures);
      }
      const wait = failures ? Math.min(500 * 2 ** (failures - 1), 15_000) : 0;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
    }
  }

  bindings(): Binding[] {
    const all = [...this.wants.values()].flatMap((it) => it.bindings);
    const different = [...new Map(all.map((it) => [JSON.stringify(it), it])).values()];
    if (different.length <= MOST_BINDINGS) return different;
    // Very many tabs: everything of these kinds, which each tab filters for itself.
    return [...new Set(different.map((it) => it.exchange))].map((exchange) => ({ exchange, routingKeyPattern: '#' }));
  }

  follow(bindings: Binding[], stop: AbortSignal): Promise<void> {
    // Whoever is furthest behind decides; the others ignore what they have seen.
    const known = [...this.wants.values()].map((it) => it.at).filter((at) => at >= 0);
    const from = known.length ? Math.min(...known) : -1;
    const query = new URLSearchParams({ bindings: JSON.stringify({ bindings }) });
    if (from >= 0) query.set('lastEventId', String(from));
    return readEvents(`/api/events/v1/connect/?${query}`, stop, (messages) => {
      setState('live');
      const last = messages.at(-1)?.id ?? from;
      this.position = last;
      for (const want of this.wants.values()) want.at = Math.max(want.at, last);
      publish({ kind: 'events', messages });
    });
  }

  failed(error: unknown, failures: number): number {
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 410 || status === 400) {
      // Older than the log, or another log than before: start again from a snapshot.
      this.wants.clear();
      publish({ kind: 'reset' });
      return 0;
    }
    if (status === 403 || status === 401) setState('forbidden');
    else if (status === 404) setState('not kept');
    else setState('lost');
    return failures + 1;
  }

  want(from: string, bindings: Binding[], at: number) {
    if (!bindings.length) this.wants.delete(from);
    else {
      if (shares && from !== tab && !this.wants.has(from)) this.watch(from);
      this.wants.set(from, { bindings, at });
    }
    this.abort?.abort();
    this.wake();
  }

  /** Each tab holds a lock of its own as long as it lives. */
  watch(other: string) {
    void navigator.locks.request(`${LOCK}-${other}`, { mode: 'shared' }, () => {
      if (this.wants.delete(other)) this.abort?.abort();
    });
  }
})();

function setState(status: LiveState['status']) {
  if (live.value.status === status) return;
  const state = { status, since: Date.now() };
  publish({ kind: 'state', state });
}

function say(said: Said) {
  channel?.postMessage(said);
  if (said.kind === 'who') tellWhatIsWanted();
}

/** To all tabs, this one too. */
function publish(said: Said) {
  channel?.postMessage(said);
  receive(said);
}

function receive(said: Said) {
  switch (said.kind) {
    case 'want':
      if (lead.leading) lead.want(said.tab, said.bindings, said.at);
      return;
    case 'who':
      return tellWhatIsWanted();
    case 'state':
      live.value = said.state;
      return;
    case 'reset':
      return subscription?.reset();
    case 'events':
      return take(said.messages);
  }
}

function take(messages: Message[]) {
  if (!subscription) return;
  const { at, each, reset } = subscription;
  const last = messages.at(-1)?.id ?? at;
  if (messages.length > FURTHEST_BEHIND) return reset();
  const news = messages.filter((it) => it.id > at && it.event === 'message');
  subscription.at = Math.max(at, last);
  if (news.length || at === FROM_NOW) each(news.map((it) => ({ id: it.id, ...JSON.parse(it.data) })));
}

function tellWhatIsWanted() {
  const bindings = subscription && !quiet ? subscription.bindings : [];
  const at = subscription?.at ?? FROM_NOW;
  if (lead.leading) lead.want(tab, bindings, at);
  else if (ready) channel?.postMessage({ kind: 'want', tab, bindings, at } satisfies Said);
}

let quiet = false;
let quietTimer = 0;
let started = false;
/** Others see by our lock that we live, so we say nothing before we hold it. */
let ready = false;

function start() {
  started = true;
  if (!shares) return void lead.run();
  channel!.onmessage = (event) => receive(event.data as Said);
  // Never released: that the tab is gone is what frees it.
  void navigator.locks.request(`${LOCK}-${tab}`, () => {
    ready = true;
    tellWhatIsWanted();
    return new Promise(() => {});
  });
  void navigator.locks.request(LOCK, () => lead.run());
  document.addEventListener('visibilitychange', () => {
    clearTimeout(quietTimer);
    if (document.visibilityState === 'visible') {
      if (!quiet) return;
      quiet = false;
      tellWhatIsWanted();
    } else {
      quietTimer = window.setTimeout(() => {
        quiet = true;
        tellWhatIsWanted();
      }, QUIET_AFTER_HIDDEN);
    }
  });
}

/** Follows events until the returned function is called. A page has one subscription at a time. */
export function subscribe(wanted: Subscription): () => void {
  subscription = wanted;
  if (!started) start();
  tellWhatIsWanted();
  return () => {
    if (subscription !== wanted) return;
    subscription = null;
    tellWhatIsWanted();
  };
}

/** What a change of a group's tasks is announced with. Keys: kind, task, run, worker group, worker, provisioner, type, scheduler, group. */
export function groupBindings(group: string): Binding[] {
  const pattern = `*.*.*.*.*.*.*.*.${group}.#`;
  const kinds = ['defined', 'pending', 'running', 'completed', 'failed', 'exception'];
  return kinds.map((kind) => ({ exchange: `task-${kind}`, routingKeyPattern: pattern }));
}

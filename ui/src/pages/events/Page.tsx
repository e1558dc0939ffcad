/** Events as they happen: newest first, of the exchanges and routing keys that are asked for. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { FROM_NOW, live, subscribe, type LiveEvent } from '../../api/events';
import { place, setQuery } from '../../app/router';
import { Json } from '../../parts/Json';
import { VirtualTable, type Column } from '../../parts/VirtualTable';

/** No more are kept in the page. */
const KEPT = 10_000;

const EXCHANGES = ['task-defined', 'task-pending', 'task-running', 'artifact-created', 'task-completed', 'task-failed', 'task-exception', 'task-group-resolved'];

const COLUMNS: Column[] = [
  { key: 'id', name: 'Id', width: 90, right: true },
  { key: 'exchange', name: 'Exchange', width: 200 },
  { key: 'task', name: 'Task', width: 210 },
  { key: 'key', name: 'Routing key' },
];

/** The name without what all exchanges begin with. */
const short = (exchange: string) => exchange.split('/').at(-1) ?? exchange;

export default function Events() {
  document.title = 'Events · Drover';
  const { query } = place.value;
  const exchanges = (query.get('exchanges') ?? '').split(',').filter((it) => EXCHANGES.includes(it));
  const pattern = query.get('pattern') ?? '#';
  const from = Number(query.get('from') ?? FROM_NOW);
  const [events, setEvents] = useState<LiveEvent[]>([]);
  const [paused, setPaused] = useState(false);
  const [held, setHeld] = useState(0);
  const [active, setActive] = useState(-1);
  const [chosen, setChosen] = useState<LiveEvent | null>(null);
  const waiting = useRef<LiveEvent[]>([]);
  const total = useRef(0);
  const wanted = exchanges.length ? exchanges : EXCHANGES;
  const flush = () => {
    const news = waiting.current.splice(0).reverse();
    if (news.length) setEvents((it) => [...news, ...it].slice(0, KEPT));
  };
  const stopped = useRef(paused);
  stopped.current = paused;
  useEffect(() => {
    let frame = 0;
    setEvents([]);
    waiting.current = [];
    total.current = 0;
    const end = subscribe({
      bindings: wanted.map((exchange) => ({ exchange, routingKeyPattern: pattern || '#' })),
      at: from,
      each: (all) => {
        const known = new Set(wanted);
        const news = all.filter((it) => known.has(short(it.exchange)));
        total.current += news.length;
        waiting.current.push(...news);
        if (waiting.current.length > KEPT) waiting.current.splice(0, waiting.current.length - KEPT);
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          if (stopped.current) setHeld(waiting.current.length);
          else flush();
        });
      },
      reset: () => setQuery({ from: '' }),
    });
    return () => {
      cancelAnimationFrame(frame);
      end();
    };
  }, [wanted.join(), pattern, from]);
  const toggle = (name: string) => {
    const next = exchanges.includes(name) ? exchanges.filter((it) => it !== name) : [...exchanges, name];
    setQuery({ exchanges: next.join() });
  };
  return (
    <>
      <div class="head">
        <h1>Events</h1>
        <span class="quiet" role="status">
          {live.value.status === 'live' ? `${total.current} since this page was opened` : live.value.status}
        </span>
        <div class="actions">
          <button
            aria-pressed={paused}
            onClick={() => {
              if (paused) flush();
              setHeld(0);
              setPaused(!paused);
            }}
          >
            {paused ? `Go on (${held} wait)` : 'Pause'}
          </button>
        </div>
      </div>
      <div class="bar" role="group" aria-label="Exchanges">
        {EXCHANGES.map((name) => (
          <button key={name} aria-pressed={exchanges.includes(name)} onClick={() => toggle(name)}>
            {name}
          </button>
        ))}
        <input class="grow" aria-label="Routing key pattern" spellcheck={false} value={pattern} onChange={(it) => setQuery({ pattern: it.currentTarget.value.trim() })} />
        <input
          aria-label="From event id"
          placeholder="From id"
          inputMode="numeric"
          size={9}
          value={query.get('from') ?? ''}
          onChange={(it) => setQuery({ from: it.currentTarget.value.replace(/\D/g, '') })}
        />
      </div>
      <div class={chosen ? 'beside' : ''}>
        <VirtualTable
          label="Events"
          columns={COLUMNS}
          count={events.length}
          cells={(index) => cells(events[index])}
          active={active}
          setActive={(index) => {
            setActive(index);
            setChosen(events[index]);
          }}
          open={(index) => setChosen(events[index])}
          empty="Nothing has happened since this page was opened."
        />
        {chosen && (
          <section class="card" aria-label="Event">
            <div class="head">
              <h2>{short(chosen.exchange)}</h2>
              <div class="actions">
                <button class="plain" onClick={() => setChosen(null)} aria-label="Close">
                  ✕
                </button>
              </div>
            </div>
            <Json value={chosen.payload} label="Payload" />
          </section>
        )}
      </div>
    </>
  );
}

function cells(event: LiveEvent) {
  const task = event.payload.status?.taskId as string | undefined;
  return [
    event.id,
    short(event.exchange),
    task ? (
      <a href={`/tasks/${task}`} tabIndex={-1}>
        {task}
      </a>
    ) : (
      ''
    ),
    <code>{event.routingKey}</code>,
  ];
}

/** A task group: how it stands, and each of its tasks. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useKeys } from '../../app/keys';
import { place, setQuery } from '../../app/router';
import { Problem } from '../../parts/Shown';
import { Meter } from '../../parts/State';
import { serverNow } from '../../store/clock';
import { filterRows, items, sortRows, type View } from '../../store/filter';
import type { Group } from '../../store/group';
import { remember } from '../../store/visited';
import { useGroup, type Shown } from './data';
import { Graph } from './Graph';
import { Head, titleOf } from './Head';
import { Table } from './Table';
import { Timeline } from './Timeline';
import { Toolbar } from './Toolbar';

export default function GroupPage({ params }: { params: Record<string, string> }) {
  const shown = useGroup(params.group);
  if (shown.error && !shown.group) return <Problem error={shown.error} retry={shown.reload} />;
  if (!shown.group) return shown.slow ? <Skeleton /> : null;
  return <Loaded group={shown.group} shown={shown} />;
}

function Skeleton() {
  return (
    <>
      <div class="head">
        <h1>&nbsp;</h1>
      </div>
      <div class="skeleton" aria-busy="true" aria-label="Loading" />
    </>
  );
}

/** The state of the page is its address. */
function useView(): [View, (changes: Partial<View>) => void] {
  const { query } = place.value;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set<string>());
  const view: View = {
    text: query.get('q') ?? '',
    states: (query.get('state') ?? '').split(',').filter(Boolean),
    queue: query.get('queue') ?? '',
    sort: query.get('sort') ?? '',
    by: query.get('by') ?? '',
    folded,
  };
  const change = (changes: Partial<View>) => {
    if (changes.folded) setFolded(changes.folded);
    const query: Record<string, string> = {};
    if (changes.text !== undefined) query.q = changes.text;
    if (changes.states) query.state = changes.states.join();
    if (changes.queue !== undefined) query.queue = changes.queue;
    if (changes.sort !== undefined) query.sort = changes.sort;
    if (changes.by !== undefined) query.by = changes.by;
    if (Object.keys(query).length) setQuery(query);
  };
  return [view, change];
}

function Loaded({ group, shown }: { group: Group; shown: Shown }) {
  const [view, change] = useView();
  const [order, setOrder] = useState(0);
  const [active, setActive] = useState(-1);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set<number>());
  const kept = useRef(active);
  kept.current = active;
  // The order stays under the pointer: rows are put in order on demand, and when the filter changes.
  const rows = useMemo(
    () => sortRows(group, filterRows(group, view), view.sort, serverNow()),
    [group, order, view.text, view.states.join(), view.queue, view.sort, group.size],
  );
  const list = useMemo(() => items(group, rows, view), [rows, view.by, view.folded]);
  useEffect(() => {
    setActive(-1);
    shown.settle();
  }, [rows, view.by]);
  useEffect(() => {
    document.title = `${titleOf(group)} · Drover`;
    remember({ id: group.id, name: titleOf(group) });
    // After the frame that shows the rows.
    requestAnimationFrame(() => setTimeout(() => performance.mark('rows-shown')));
  }, [group]);
  const asked = place.value.query.get('view') ?? '';
  const shows = asked === 'timeline' || asked === 'graph' ? asked : '';
  const settle = () => setOrder((it) => it + 1);
  useKeys(
    [
      { keys: 'f', what: 'Failed only, or all', run: () => change({ states: view.states.length ? [] : ['failed', 'exception'] }) },
      { keys: 't', what: 'Table or timeline', run: () => setQuery({ view: shows === 'timeline' ? '' : 'timeline' }) },
      { keys: 'd', what: 'Table or graph of dependencies', run: () => setQuery({ view: shows === 'graph' ? '' : 'graph' }) },
      { keys: 's', what: 'Put changed tasks in order', run: settle },
    ],
  );
  return (
    <>
      <Head group={group} reload={shown.reload} />
      {shown.error && <Problem error={shown.error} retry={shown.reload} />}
      <Meter counts={group.counts} />
      <Toolbar group={group} view={view} change={change} shown={rows.length} changed={shown.changed} settle={settle} rows={rows} picked={picked} setPicked={setPicked} />
      {shows === 'timeline' && <Timeline group={group} rows={rows} version={shown.version} />}
      {shows === 'graph' && <Graph group={group} rows={rows} version={shown.version} />}
      {!shows && <Table group={group} list={list} view={view} change={change} active={active} setActive={setActive} picked={picked} setPicked={setPicked} />}
    </>
  );
}

/** The tasks of a group. */
import { useKeys } from '../../app/keys';
import { go } from '../../app/router';
import { State } from '../../parts/State';
import { Ago, duration } from '../../parts/Time';
import { VirtualTable, type Column } from '../../parts/VirtualTable';
import { serverNow } from '../../store/clock';
import type { Item, View } from '../../store/filter';
import type { Group } from '../../store/group';
import { GLYPHS, PRIORITIES, REASONS, SHOWN_ORDER, STATES } from '../../store/states';

interface Props {
  group: Group;
  list: Item[];
  view: View;
  change: (changes: Partial<View>) => void;
  active: number;
  setActive: (index: number) => void;
  picked: ReadonlySet<number>;
  setPicked: (rows: ReadonlySet<number>) => void;
}

const COLUMNS: Column[] = [
  { key: 'state', name: 'State', width: 190, sortable: false },
  { key: 'name', name: 'Name', sortable: true },
  { key: 'tags', name: 'Tags', width: 230, extra: true },
  { key: 'queue', name: 'Queue', width: 200, sortable: true, extra: true },
  { key: 'priority', name: 'Priority', width: 84, sortable: true, extra: true },
  { key: 'runs', name: 'Runs', width: 60, right: true, sortable: true, extra: true },
  { key: 'duration', name: 'Took', width: 92, right: true, sortable: true },
  { key: 'resolved', name: 'Changed', width: 116, right: true, sortable: true, extra: true },
];

export function Table({ group, list, view, change, active, setActive, picked, setPicked }: Props) {
  const fold = (head: string) => {
    const folded = new Set(view.folded);
    if (!folded.delete(head)) folded.add(head);
    change({ folded });
  };
  const open = (index: number) => {
    const item = list[index];
    if (typeof item === 'number') go(`/tasks/${group.ids[item]}`);
    else fold(item.head);
  };
  const move = (by: number) => setActive(Math.min(list.length - 1, Math.max(0, active + by)));
  const pick = () => {
    const item = list[active];
    if (typeof item !== 'number') return;
    const next = new Set(picked);
    if (!next.delete(item)) next.add(item);
    setPicked(next);
  };
  const task = () => (typeof list[active] === 'number' ? group.ids[list[active] as number] : null);
  const to = (path: string) => () => task() && go(`/tasks/${task()}${path}`);
  useKeys(
    [
      { keys: 'j', what: 'Next task', run: () => move(1) },
      { keys: 'k', what: 'Previous task', run: () => move(-1) },
      { keys: 'Enter', what: 'Open the task', run: () => active >= 0 && open(active) },
      { keys: 'x', what: 'Select the task', run: pick },
      { keys: 'o', what: 'Its log', run: to('/log') },
      { keys: 'e', what: 'Explain the task', run: to('/explain') },
    ],
  );
  return (
    <VirtualTable
      label="Tasks"
      columns={COLUMNS}
      count={list.length}
      active={active}
      setActive={(index) => {
        const item = list[index];
        if (typeof item === 'object') fold(item.head);
        setActive(index);
      }}
      open={open}
      sort={view.sort}
      setSort={(sort) => change({ sort })}
      rowClass={(index) => (typeof list[index] === 'object' ? 'part' : picked.has(list[index] as number) ? 'picked' : '')}
      cells={(index) => cells(group, list[index])}
      empty={group.size ? 'No task fits the filter.' : 'This group has no tasks.'}
    />
  );
}

function cells(group: Group, item: Item) {
  if (typeof item === 'object') return head(item);
  const row = item;
  const reason = REASONS[group.reason[row]];
  const changed = group.time(group.resolved, row) ?? group.time(group.started, row) ?? group.time(group.scheduled, row);
  return [
    <State state={group.state[row]} reason={group.state[row] === 5 ? reason : undefined} />,
    <a href={`/tasks/${group.ids[row]}`} tabIndex={-1} title={group.names[row]}>
      {group.names[row] || group.ids[row]}
    </a>,
    <Tags tags={group.tags[row]} />,
    group.queue[row],
    PRIORITIES[group.priority[row]],
    group.runs[row] || '',
    <Took group={group} row={row} running={group.state[row] === 2} />,
    <Ago time={changed ?? group.created + group.createdAt[row] * 1000} />,
  ];
}

function head({ head, size, counts, folded }: Exclude<Item, number>) {
  return [
    <span>
      {folded ? '▸' : '▾'} {size} tasks
    </span>,
    <span>{head}</span>,
    <span class="tags">
      {SHOWN_ORDER.filter((state) => counts[state]).map((state) => (
        <span key={state} class={`s${state}`} title={STATES[state]}>
          {GLYPHS[STATES[state]]} {counts[state]}
        </span>
      ))}
    </span>,
    '',
    '',
    '',
    '',
    '',
  ];
}

function Took({ group, row, running }: { group: Group; row: number; running: boolean }) {
  const took = group.duration(row, running ? serverNow() : 0);
  return <>{took === undefined ? '' : duration(took)}</>;
}

/** Names of people and the like say nothing about a task. */
const UNINTERESTING = new Set(['createdForUser', 'created-for-user', 'label']);

function Tags({ tags }: { tags: Record<string, string> }) {
  const shown = Object.entries(tags).filter(([key]) => !UNINTERESTING.has(key));
  return (
    <span class="tags">
      {shown.slice(0, 4).map(([key, value]) => (
        <span key={key} class="tag" title={`${key}: ${value}`}>
          {value}
        </span>
      ))}
    </span>
  );
}

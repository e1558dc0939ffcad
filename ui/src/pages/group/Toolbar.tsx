/** Counts as buttons, the filter, and what can be done with what it leaves. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useKeys } from '../../app/keys';
import { place, setQuery } from '../../app/router';
import { isBadExpression, usefulTags, type View } from '../../store/filter';
import type { Group } from '../../store/group';
import { GLYPHS, SHOWN_ORDER, STATES } from '../../store/states';
import { Bulk } from './Bulk';
import { Export } from './Export';

interface Props {
  group: Group;
  view: View;
  change: (changes: Partial<View>) => void;
  shown: number;
  changed: number;
  settle: () => void;
  rows: number[];
  picked: ReadonlySet<number>;
  setPicked: (rows: ReadonlySet<number>) => void;
}

const toggle = (view: string) => () => setQuery({ view: place.value.query.get('view') === view ? '' : view, task: '' });

export function Toolbar({ group, view, change, shown, changed, settle, rows, picked, setPicked }: Props) {
  const tags = useMemo(() => usefulTags(group), [group, group.size]);
  const queues = useMemo(() => [...new Set(group.queue)].sort(), [group, group.size]);
  return (
    <>
      <div class="bar" role="group" aria-label="States">
        <States group={group} view={view} change={change} />
        <span class="quiet" role="status">
          {shown === group.size ? `${group.size} tasks` : `${shown} of ${group.size} tasks`}
        </span>
        {changed > 0 && (
          <button onClick={settle} title="Put them in order (s)">
            {changed} changed
          </button>
        )}
      </div>
      <div class="bar">
        <Filter text={view.text} setText={(text) => change({ text })} />
        <select aria-label="Task queue" value={view.queue} onChange={(it) => change({ queue: it.currentTarget.value })}>
          <option value="">all queues</option>
          {queues.slice(0, 300).map((queue) => (
            <option key={queue}>{queue}</option>
          ))}
        </select>
        <select aria-label="Group by" value={view.by} onChange={(it) => change({ by: it.currentTarget.value, folded: new Set() })}>
          <option value="">one list</option>
          {(tags.length ? tags : ['name']).map((tag) => (
            <option key={tag} value={tag}>
              by {tag}
            </option>
          ))}
        </select>
        <button aria-pressed={place.value.query.get('view') === 'timeline'} onClick={toggle('timeline')} title="When each task waited and ran (t)">
          Timeline
        </button>
        <button aria-pressed={place.value.query.get('view') === 'graph'} onClick={toggle('graph')} title="What needs what (d)">
          Graph
        </button>
        <Bulk group={group} rows={picked.size ? [...picked] : rows} picked={picked.size > 0} clear={() => setPicked(new Set())} />
        <Export group={group} rows={picked.size ? [...picked] : rows} />
      </div>
    </>
  );
}

function States({ group, view, change }: Pick<Props, 'group' | 'view' | 'change'>) {
  const toggle = (name: string) => {
    const on = view.states.includes(name);
    change({ states: on ? view.states.filter((it) => it !== name) : [...view.states, name] });
  };
  return (
    <>
      {SHOWN_ORDER.map((state) => {
        const name = STATES[state];
        return (
          <button key={name} aria-pressed={view.states.includes(name)} onClick={() => toggle(name)} disabled={!group.counts[state] && !view.states.includes(name)}>
            <span class={`state s${state}`}>
              <i aria-hidden="true">{GLYPHS[name]}</i>
              {name} <b>{group.counts[state]}</b>
            </span>
          </button>
        );
      })}
    </>
  );
}

/** What is typed is shown at once, and put into the address after it. */
function Filter({ text, setText }: { text: string; setText: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setTyped(text), [text]);
  useKeys([{ keys: 'i', what: 'Filter', run: () => input.current?.focus() }]);
  const bad = isBadExpression(typed);
  return (
    <span class="grow">
      <input
        ref={input}
        type="search"
        class="wide"
        value={typed}
        placeholder="Filter: words of a name, id, queue or kind:value; /expression/"
        aria-label="Filter tasks"
        aria-invalid={bad}
        spellcheck={false}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setText(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText('');
          if (event.key === 'Enter' || event.key === 'ArrowDown') document.querySelector<HTMLElement>('.grid .scroll')?.focus();
        }}
      />
      {bad && <span class="s4">This is no valid expression yet.</span>}
    </span>
  );
}

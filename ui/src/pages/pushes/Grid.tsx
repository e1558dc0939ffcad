/** A row for each name, a column for each push. */
import { useState } from 'preact/hooks';
import { go } from '../../app/router';
import { VirtualTable, type Column } from '../../parts/VirtualTable';
import type { Group } from '../../store/group';
import type { GridRow } from '../../store/grid';
import { GLYPHS, STATES } from '../../store/states';
import type { Build } from './data';

interface Props {
  builds: Build[];
  groups: (Group | null | undefined)[];
  rows: GridRow[];
}

/** Of one name in one push; a task that was made again and again has more on the page of its group. */
const MOST = 3;

export function Grid({ builds, groups, rows }: Props) {
  const [active, setActive] = useState(-1);
  const columns: Column[] = [
    { key: 'name', name: 'Task' },
    ...builds.map((build, push) => ({ key: build.taskGroupId, name: build.sha.slice(0, 7), width: 84, extra: push > 2 })),
  ];
  const open = (index: number) => {
    const push = rows[index].cells.findIndex((tasks) => tasks.length > 0);
    go(`/tasks/${groups[push]!.ids[rows[index].cells[push][0]]}`);
  };
  return (
    <VirtualTable
      label="Tasks by push"
      columns={columns}
      count={rows.length}
      active={active}
      setActive={setActive}
      open={open}
      cells={(index) => [<span title={rows[index].name}>{rows[index].name}</span>, ...rows[index].cells.map((tasks, push) => <Cell group={groups[push]} tasks={tasks} />)]}
      empty="No task fits the filter."
    />
  );
}

function Cell({ group, tasks }: { group: Group | null | undefined; tasks: number[] }) {
  if (!group) return null;
  return (
    <span class="tags">
      {tasks.slice(0, MOST).map((task) => {
        const state = STATES[group.state[task]];
        return (
          <a key={task} class={`s${group.state[task]}`} href={`/tasks/${group.ids[task]}`} tabIndex={-1} title={`${group.names[task]}: ${state}`} aria-label={state}>
            {GLYPHS[state]}
          </a>
        );
      })}
      {tasks.length > MOST && <span class="quiet">+{tasks.length - MOST}</span>}
    </span>
  );
}

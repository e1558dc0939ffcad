/** What needs what, as a picture: the tasks that the filter leaves, or all around one of them. */
import { useMemo } from 'preact/hooks';
import { place, setQuery } from '../../app/router';
import type { Group } from '../../store/group';
import { GLYPHS, STATES } from '../../store/states';
import { around, layout, MOST, NODE, type Layout } from './layout';

interface Props {
  group: Group;
  rows: number[];
  version: number;
}

export function Graph({ group, rows, version }: Props) {
  const id = place.value.query.get('task');
  const center = id ? group.row(id) : undefined;
  const chosen = useMemo(() => (center === undefined ? { rows, cut: false } : around(group, center)), [group, center, rows, version]);
  const drawn = useMemo(() => (chosen.rows.length > MOST ? null : layout(group, chosen.rows)), [chosen]);
  if (!drawn) {
    return (
      <div class="card empty">
        <p>
          {chosen.rows.length} tasks are too many for a picture: filter them down to {MOST}, or open one and choose its graph.
        </p>
      </div>
    );
  }
  return (
    <>
      {center !== undefined && (
        <p class="quiet">
          What {group.names[center]} needs, and what needs it{chosen.cut ? `: the nearest ${MOST} tasks` : ''}.{' '}
          <button class="plain" onClick={() => setQuery({ task: '' })}>
            All tasks of the filter
          </button>
        </p>
      )}
      <div class="card picture" tabIndex={0} role="region" aria-label="Graph of tasks">
        <svg width={drawn.width + 4} height={drawn.height + 4} viewBox={`-2 -2 ${drawn.width + 4} ${drawn.height + 4}`}>
          <Lines drawn={drawn} center={center} />
          {drawn.nodes.map((it) => (
            <Node key={it.row} group={group} {...it} isCenter={it.row === center} />
          ))}
        </svg>
      </div>
    </>
  );
}

function Lines({ drawn, center }: { drawn: Layout; center?: number }) {
  const { nodes, edges } = drawn;
  return (
    <g class="lines">
      {edges.map(([from, to]) => {
        const [x1, y1] = [nodes[from].x + NODE.width, nodes[from].y + NODE.height / 2];
        const [x2, y2] = [nodes[to].x, nodes[to].y + NODE.height / 2];
        const near = nodes[from].row === center || nodes[to].row === center;
        return <path key={`${from}-${to}`} class={near ? 'near' : ''} d={`M${x1},${y1} C${x1 + 30},${y1} ${x2 - 30},${y2} ${x2},${y2}`} />;
      })}
    </g>
  );
}

/** Letters that fit into a node. */
const FITS = 25;

function Node({ group, row, x, y, isCenter }: { group: Group; row: number; x: number; y: number; isCenter: boolean }) {
  const state = STATES[group.state[row]];
  const name = group.names[row] || group.ids[row];
  const text = name.length > FITS ? `${name.slice(0, FITS - 1)}…` : name;
  return (
    <a href={`/tasks/${group.ids[row]}`} class={`node s${group.state[row]}${isCenter ? ' center' : ''}`} aria-label={`${name}, ${state}`}>
      <title>{`${name}, ${state}`}</title>
      <rect x={x} y={y} width={NODE.width} height={NODE.height} rx={4} />
      <text x={x + 8} y={y + 16}>
        {GLYPHS[state]} {text}
      </text>
    </a>
  );
}

/** A table of any length: only the rows in view exist. Rows have one height, so that no measuring is needed. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { settings } from '../store/settings';

export interface Column {
  key: string;
  name: string;
  /** A fixed width in pixels; without one it takes what is left. */
  width?: number;
  right?: boolean;
  sortable?: boolean;
  /** Left out on narrow screens. */
  extra?: boolean;
}

interface Props {
  label: string;
  columns: Column[];
  count: number;
  /** The cells of a row, in the order of the columns; a string is a row of its own. */
  cells: (index: number) => ComponentChildren[];
  rowClass?: (index: number) => string;
  open: (index: number) => void;
  active: number;
  setActive: (index: number) => void;
  sort?: string;
  setSort?: (sort: string) => void;
  empty: ComponentChildren;
}

/** Rows above and below the view, so that scrolling shows no gap. */
const OVERSCAN = 6;
export const rowHeight = () => (settings.value.dense ? 28 : 36);

export function VirtualTable(props: Props) {
  const { label, columns, count, cells, rowClass, open, active, setActive, empty } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const height = rowHeight();
  const [top, setTop] = useState(0);
  const [space, setSpace] = useState(() => Math.max(200, innerHeight - 300));
  useLayoutEffect(() => {
    const fit = () => {
      const box = scroller.current!.getBoundingClientRect();
      const above = box.top + scrollY;
      setSpace(Math.max(10 * height, innerHeight - Math.min(above, innerHeight / 2) - 40));
    };
    fit();
    addEventListener('resize', fit);
    return () => removeEventListener('resize', fit);
  }, [height]);
  const first = Math.max(0, Math.floor(top / height) - OVERSCAN);
  const last = Math.min(count, Math.ceil((top + space) / height) + OVERSCAN);
  useEffect(() => {
    if (active >= 0) show(scroller.current!, active, height);
  }, [active]);
  const shownHeight = Math.min(space, Math.max(count * height, 4 * height));
  // A row that left the view is filled anew for one that came: making elements costs more than changing their texts.
  const slots = Math.ceil(space / height) + 2 * OVERSCAN + 1;
  const rows: JSX.Element[] = [];
  for (let index = first; index < last; index++) {
    rows.push(
      <div
        key={index % slots}
        id={`row-${index}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={index === active}
        class={`row ${rowClass?.(index) ?? ''}`}
        style={{ transform: `translateY(${index * height}px)` }}
        onClick={() => setActive(index)}
        onDblClick={() => open(index)}
      >
        {cells(index).map((cell, at) => (
          <Cell key={columns[at].key} column={columns[at]}>
            {cell}
          </Cell>
        ))}
      </div>,
    );
  }
  return (
    <div
      class="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active >= first && active < last ? `row-${active}` : undefined}
      onKeyDown={(event) => onKey(event, props, Math.max(1, Math.floor(space / height) - 1))}
    >
      <Heads {...props} />
      <div
        class="scroll"
        role="rowgroup"
        ref={scroller}
        tabIndex={0}
        aria-label={label}
        style={{ height: `${count ? shownHeight : 120}px` }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        {count ? (
          <div class="space" role="presentation" style={{ height: `${count * height}px` }}>
            {rows}
          </div>
        ) : (
          <div role="row">
            <div role="gridcell" class="empty">
              {empty}
            </div>
          </div>
        )}
      </div>
    </div>
  );
}

function Heads({ columns, sort = '', setSort }: Props) {
  const key = sort.replace('-', '');
  return (
    <div class="heads" role="row" aria-rowindex={1}>
      {columns.map((column) => {
        const sorted = column.key === key ? (sort.startsWith('-') ? 'descending' : 'ascending') : 'none';
        return (
          <div
            key={column.key}
            role="columnheader"
            class={className(column)}
            style={width(column)}
            aria-sort={column.sortable ? sorted : undefined}
          >
            <button
              disabled={!column.sortable}
              onClick={() => setSort?.(sort === column.key ? `-${column.key}` : sort === `-${column.key}` ? '' : column.key)}
            >
              {column.name}
              {sorted === 'ascending' ? ' ↓' : sorted === 'descending' ? ' ↑' : ''}
            </button>
          </div>
        );
      })}
    </div>
  );
}

const className = ({ width, right, extra }: Column) =>
  `cell${width ? '' : ' main'}${right ? ' right' : ''}${extra ? ' narrow-off' : ''}`;
const width = (column: Column) => (column.width ? { width: `${column.width}px` } : undefined);

function Cell({ column, children }: { column: Column; children: ComponentChildren }) {
  return (
    <div role="gridcell" class={className(column)} style={width(column)}>
      {children}
    </div>
  );
}

function show(element: HTMLElement, index: number, height: number) {
  const above = index * height;
  if (above < element.scrollTop) element.scrollTop = above;
  const below = above + height - element.clientHeight;
  if (below > element.scrollTop) element.scrollTop = below;
}

function onKey(event: KeyboardEvent, { active, count, setActive, open }: Props, page: number) {
  const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key in moves) setActive(Math.min(count - 1, Math.max(0, active + moves[event.key])));
  else if (event.key === 'Enter' && active >= 0 && !(event.target as Element).closest('a, button')) open(active);
  else return;
  event.preventDefault();
}

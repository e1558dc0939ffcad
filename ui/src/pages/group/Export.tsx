/** What the filter leaves, as a file. */
import type { Group } from '../../store/group';
import { PRIORITIES, REASONS, STATES } from '../../store/states';

function records(group: Group, rows: number[]) {
  const time = (column: number[], row: number) => {
    const at = group.time(column, row);
    return at === undefined ? null : new Date(at).toISOString();
  };
  return rows.map((row) => ({
    taskId: group.ids[row],
    name: group.names[row],
    state: STATES[group.state[row]],
    reason: REASONS[group.reason[row]] ?? null,
    taskQueueId: group.queue[row],
    priority: PRIORITIES[group.priority[row]],
    runs: group.runs[row],
    scheduled: time(group.scheduled, row),
    started: time(group.started, row),
    resolved: time(group.resolved, row),
    tags: group.tags[row],
  }));
}

/** A cell; a leading sign that a spreadsheet would calculate with is quoted. */
function cell(value: unknown): string {
  let text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (/^[=+\-@\t]/.test(text)) text = `'${text}`;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(list: Record<string, unknown>[]): string {
  if (!list.length) return '';
  const lines = list.map((it) => Object.values(it).map(cell).join(','));
  return `${Object.keys(list[0]).join(',')}\n${lines.join('\n')}\n`;
}

function save(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function Export({ group, rows }: { group: Group; rows: number[] }) {
  const list = () => records(group, rows);
  return (
    <>
      <button onClick={() => save(`${group.id}.csv`, 'text/csv', toCsv(list()))} title="What is shown, as CSV">
        CSV
      </button>
      <button onClick={() => save(`${group.id}.json`, 'application/json', JSON.stringify(list(), null, 1))} title="What is shown, as JSON">
        JSON
      </button>
    </>
  );
}

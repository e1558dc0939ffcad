/** The same on the command line, to copy. */
import { copyText } from '../../parts/copy';
import type { TaskView } from '../../store/taskTypes';

export function Copies({ view, log }: { view: TaskView; log: string | null }) {
  const id = view.status.taskId;
  const root = location.origin;
  const texts = {
    drover: `drover task log ${id}`,
    curl: `curl -L ${root}/api/queue/v1/task/${id}${log ? `/artifacts/${log}` : '/status'}`,
    python: `import taskcluster\nprint(taskcluster.Queue({"rootUrl": "${root}"}).status("${id}"))`,
  };
  const copy = async (name: string, text: string) => {
    await copyText(text, `Copied for ${name}.`);
  };
  return (
    <div class="bar" role="group" aria-label="Copy as a command">
      <span class="quiet">Copy as</span>
      {Object.entries(texts).map(([name, text]) => (
        <button key={name} onClick={() => void copy(name, text)} title={text}>
          {name}
        </button>
      ))}
    </div>
  );
}

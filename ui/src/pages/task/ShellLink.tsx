/** To the shell in a task that is interactive, for those who may open one. */
import { may } from '../../store/session';
import type { TaskView } from '../../store/taskTypes';
import { ARTIFACT } from '../shell/artifact';

export function ShellLink({ view: { status, task } }: { view: TaskView }) {
  const { features } = task.payload as { features?: { interactive?: boolean } };
  if (!features?.interactive || ['completed', 'failed', 'exception'].includes(status.state)) return null;
  const scope = `queue:get-artifact:${ARTIFACT}`;
  if (!may(scope)) {
    return (
      <button aria-disabled="true" title={`Needs the scope ${scope}`}>
        Shell
      </button>
    );
  }
  return (
    <a class="button" href={`/shell/${status.taskId}`} target="_blank" rel="noopener">
      Shell
    </a>
  );
}

/** What can be done with a task. */
import { api, segment } from '../../api/fetch';
import { useKeys } from '../../app/keys';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import type { TaskView } from '../../store/taskTypes';

export function Actions({ view, reload }: { view: TaskView; reload: () => void }) {
  const { status, task } = view;
  const { taskId, taskGroupId, schedulerId, projectId } = status;
  const post = async (verb: string) => {
    await api(`queue/v1/task/${segment(taskId)}/${verb}`, { method: 'POST' });
    reload();
  };
  const scopes = (verb: string) => [`queue:${verb}-task:${schedulerId}/${taskGroupId}/${taskId}`, `queue:${verb}-task-in-project:${projectId}`];
  const resolved = ['completed', 'failed', 'exception'].includes(status.state);
  useKeys(
    [
      { keys: 'r', what: 'Rerun the task', run: () => press('Rerun') },
      { keys: 'c', what: 'Cancel the task', run: () => press('Cancel') },
    ],
  );
  return (
    <>
      {status.state === 'unscheduled' && (
        <Action scopes={scopes('schedule')} run={() => post('schedule')} done="The task is scheduled.">
          Schedule
        </Action>
      )}
      <Action scopes={scopes('rerun')} why={resolved ? undefined : 'It is not resolved'} run={() => post('rerun')} done="The task runs again.">
        Rerun
      </Action>
      <Action
        scopes={scopes('cancel')}
        kind="danger"
        why={resolved ? 'It is resolved' : undefined}
        run={() => post('cancel')}
        ask={`Cancel ${task.metadata.name}?`}
        done="The task is cancelled."
      >
        Cancel
      </Action>
      <button
        onClick={() => {
          sessionStorage.setItem('drover-draft', JSON.stringify(task, null, 2));
          go('/tasks/create');
        }}
        title="A new task like this one"
      >
        Edit
      </button>
    </>
  );
}

/** The key does what the button does, with its reasons and questions. */
function press(label: string) {
  const buttons = document.querySelectorAll<HTMLButtonElement>('.actions button');
  [...buttons].find((it) => it.textContent === label)?.click();
}

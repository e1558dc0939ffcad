/** The trigger of a hook: a form made from its `triggerSchema`. */
import { useState } from 'preact/hooks';
import { api } from '../../api/fetch';
import { go } from '../../app/router';
import { Action } from '../../parts/Action';
import { initial, SchemaForm } from '../../parts/SchemaForm';
import type { Hook } from './data';

export function Trigger({ hook, path }: { hook: Hook; path: string }) {
  const [payload, setPayload] = useState<Record<string, unknown> | undefined>(() => initial(hook.triggerSchema));
  const run = async () => {
    const made = await api<{ taskId?: string; status?: { taskId: string } }>(`${path}/trigger`, { method: 'POST', body: payload });
    const task = made.status?.taskId ?? made.taskId;
    if (task) go(`/tasks/${task}`);
  };
  return (
    <div class="card">
      <SchemaForm schema={hook.triggerSchema} change={setPayload} />
      <div class="buttons">
        <Action
          scopes={[`hooks:trigger-hook:${hook.hookGroupId}/${hook.hookId}`]}
          kind="primary"
          why={payload ? undefined : 'The payload cannot be read'}
          run={run}
          done="The hook was triggered."
        >
          Trigger
        </Action>
      </div>
    </div>
  );
}

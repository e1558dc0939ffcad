/** A new task, from a definition in JSON. What is typed survives signing in. */
import { useState } from 'preact/hooks';
import { api, ApiError, segment } from '../../api/fetch';
import { go } from '../../app/router';
import { JsonEditor, parse } from '../../parts/JsonEditor';
import { newId } from '../../store/ids';
import { may, session, signInOpen } from '../../store/session';

const DRAFT = 'drover-draft';

const example = () => ({
  provisionerId: 'local',
  workerType: 'worker',
  payload: { command: [['sh', '-c', 'echo hello']], maxRunTime: 60 },
  metadata: { name: 'hello', description: 'Says hello', owner: 'somebody@example.com', source: location.origin },
});

/** Times of a copied task are over: they move, and keep their distances. */
function fresh(definition: Record<string, any>): Record<string, any> {
  const created = Date.parse(definition.created) || Date.now();
  const move = (name: string, otherwise: number) => {
    const apart = definition[name] ? Date.parse(definition[name]) - created : otherwise;
    return new Date(Date.now() + apart).toISOString();
  };
  const { created: _, taskQueueId, ...rest } = definition;
  const queue = rest.provisionerId ? {} : { taskQueueId };
  return { ...queue, ...rest, created: new Date().toISOString(), deadline: move('deadline', 86_400_000), expires: move('expires', 30 * 86_400_000) };
}

export default function CreatePage() {
  document.title = 'Create a task · Drover';
  const [text, setText] = useState(() => sessionStorage.getItem(DRAFT) ?? JSON.stringify(example(), null, 2));
  const [problem, setProblem] = useState<ApiError | null>(null);
  const keep = (it: string) => {
    setText(it);
    sessionStorage.setItem(DRAFT, it);
  };
  const { value } = parse(text);
  const scopes = value ? needed(value) : [];
  const missing = scopes.filter((it) => !may(it));
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!value) return;
    setProblem(null);
    const id = newId();
    try {
      await api(`queue/v1/task/${segment(id)}`, { method: 'PUT', body: fresh(value) });
      sessionStorage.removeItem(DRAFT);
      go(`/tasks/${id}`);
    } catch (it) {
      setProblem(it as ApiError);
    }
  };
  return (
    <form onSubmit={submit}>
      <div class="head">
        <h1>Create a task</h1>
        <div class="actions">
          {!session.value?.clientId && (
            <button type="button" onClick={() => (signInOpen.value = true)}>
              Sign in
            </button>
          )}
          <button class="primary" disabled={!value}>
            Create
          </button>
        </div>
      </div>
      <p class="quiet">
        The definition as JSON. The dates may be left out: the deadline is then in a day. A copied task gets new dates, as far apart as they were.
      </p>
      <JsonEditor label="Definition" text={text} change={keep} problem={problem} />
      {scopes.length > 0 && (
        <div class="card">
          <h2>{missing.length ? 'Scopes that are missing' : 'You hold all of its scopes'}</h2>
          <ul class="plain">
            {scopes.map((it) => (
              <li key={it} class={may(it) ? '' : 's4'}>
                {may(it) ? '✓' : '✕'} <code>{it}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}

/** What `createTask` asks for. */
function needed(task: Record<string, any>): string[] {
  const queue = task.taskQueueId ?? `${task.provisionerId}/${task.workerType}`;
  const priority = task.priority && task.priority !== 'normal' ? task.priority : 'lowest';
  const scopes = [`queue:create-task:${priority}:${queue}`, `queue:scheduler-id:${task.schedulerId ?? '-'}`, `queue:create-task:project:${task.projectId ?? 'none'}`];
  const list = (it: unknown) => (Array.isArray(it) ? it.filter((text) => typeof text === 'string') : []);
  return [...scopes, ...list(task.scopes), ...list(task.routes).map((it) => `queue:route:${it}`)];
}

/** One action: its input, what it would trigger, and the button that does it. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, pause } from '../../api/fetch';
import { go } from '../../app/router';
import { may } from '../../store/session';
import { Action } from '../Action';
import { Json } from '../Json';
import { initial, SchemaForm } from '../SchemaForm';
import { dryRun, prepare, trigger, type DryRun, type OfferedAction, type Prepared, type Target } from './data';

interface Props {
  target: Target;
  action: OfferedAction;
  back: () => void;
  close: () => void;
}

interface State {
  prepared?: Prepared;
  tried?: DryRun;
  error?: string;
}

export function Run({ target, action, back, close }: Props) {
  const { schema } = action;
  const [input, setInput] = useState<Record<string, unknown> | null | undefined>(() => (schema ? initial(schema) : null));
  const { prepared, tried, error } = usePrepared(target, action, input);
  const run = async () => {
    const { taskId } = await trigger(prepared!);
    close();
    if (taskId) go(`/tasks/${taskId}`);
  };
  return (
    <>
      <p class="pre">{action.description}</p>
      {schema && <SchemaForm schema={schema} change={setInput} />}
      <h3>What it triggers</h3>
      {error && (
        <p class="note bad pre" role="alert">
          {error}
        </p>
      )}
      {prepared && <Preview prepared={prepared} tried={tried} />}
      <div class="buttons above">
        <button onClick={back}>Back</button>
        <Action
          scopes={action.scope ? [action.scope] : []}
          kind="primary"
          why={action.problem ?? error ?? (prepared ? undefined : 'It is being prepared')}
          run={run}
          done={`${action.title || action.name}: the hook was triggered.`}
        >
          Run
        </Action>
      </div>
      {action.scope && !may(action.scope) && (
        <p class="quiet above">
          Running it needs the scope <code>{action.scope}</code>.
        </p>
      )}
    </>
  );
}

const TYPING = 200;

/** What is shown is what is triggered. */
function usePrepared(target: Target, action: OfferedAction, input: unknown): State {
  const [state, setState] = useState<State>({});
  const key = JSON.stringify(input);
  useEffect(() => {
    if (action.problem) return setState({ error: action.problem });
    if (input === undefined) return setState({ error: 'The input cannot be read.' });
    const abort = new AbortController();
    const { signal } = abort;
    setState({});
    const work = async () => {
      await pause(TYPING, signal);
      const prepared = await prepare(target, action.name, input, signal);
      setState({ prepared });
      const { hookGroupId, hookId, scope } = prepared;
      if (may(scope) && may(`hooks:get:${hookGroupId}:${hookId}`)) setState({ prepared, tried: await dryRun(prepared, signal) });
    };
    work().catch((error) => {
      if (!signal.aborted) setState((it) => ({ ...it, error: error instanceof ApiError ? error.message : String(error) }));
    });
    return () => abort.abort();
  }, [key]);
  return state;
}

function Preview({ prepared, tried }: { prepared: Prepared; tried?: DryRun }) {
  const hook = `${prepared.hookGroupId}/${prepared.hookId}`;
  const task = tried?.task;
  return (
    <>
      <p>
        The hook <a href={`/hooks/${hook}`}>{hook}</a>
        {task && (
          <>
            , which makes the task <b>{task.metadata?.name}</b> on {task.taskQueueId ?? `${task.provisionerId}/${task.workerType}`}
            {task.scopes?.length ? (
              <>
                {' '}
                with {task.scopes.slice(0, 3).map((it) => <code key={it}>{it} </code>)}
                {task.scopes.length > 3 && `and ${task.scopes.length - 3} more`}
              </>
            ) : null}
          </>
        )}
        .
      </p>
      {tried?.error && <p class="note warn pre">{tried.error}</p>}
      <Json value={prepared.payload} label="Payload" />
    </>
  );
}

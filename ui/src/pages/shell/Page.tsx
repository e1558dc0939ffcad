/** A shell in a running task: a document of its own, since it may connect to workers. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, pause, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { place } from '../../app/router';
import { Problem, Shown } from '../../parts/Shown';
import { State } from '../../parts/State';
import { Ago } from '../../parts/Time';
import { change, settings } from '../../store/settings';
import { useTaskEvents } from '../../store/liveTask';
import type { TaskView } from '../../store/taskTypes';
import { ARTIFACT } from './artifact';
import { socketOf } from './socket';
import { open, type Session } from './terminal';

/** By its path, or by the link that a worker stores, whose socket is not taken from the address: anybody can write one. */
export default function ShellPage({ params }: { params: Record<string, string> }) {
  const task = params.task ?? place.value.query.get('taskId') ?? '';
  const view = useData(task && `shell ${task}`, (signal) => api<TaskView>(`drover/v1/task/${segment(task)}/view`, { signal }));
  useTaskEvents(task, view.reload);
  if (!task) return <div class="empty">The address names no task: /shell/TASK_ID</div>;
  return <Shown data={view}>{(it) => <Loaded view={it} />}</Shown>;
}

const POLL = 700;

type Stage = { at: 'waiting' | 'connecting' | 'open' } | { at: 'ended'; words: string; bad: boolean } | { at: 'refused'; error: ApiError };

function Loaded({ view }: { view: TaskView }) {
  const { status, task } = view;
  const element = useRef<HTMLDivElement>(null);
  const session = useRef<Session | null>(null);
  const [stage, setStage] = useState<Stage>({ at: 'waiting' });
  const [round, setRound] = useState(0);
  const over = useRef(false);
  over.current = ['completed', 'failed', 'exception'].includes(status.state);
  const { readOut } = settings.value;
  useEffect(() => {
    document.title = `Shell: ${task.metadata.name} · Drover`;
    const abort = new AbortController();
    setStage({ at: 'waiting' });
    linkOf(status.taskId, abort.signal, () => over.current).then(
      (found) => {
        if (abort.signal.aborted) return;
        const link = found === null ? { problem: 'The task is over; its shell ended with it.' } : socketOf(found, location, status.taskId);
        if ('problem' in link) return setStage({ at: 'ended', words: link.problem, bad: true });
        setStage({ at: 'connecting' });
        session.current = open({
          element: element.current!,
          socket: link.socket,
          readOut: settings.value.readOut,
          opened: () => setStage({ at: 'open' }),
          ended: (words, wasOpen) => setStage({ at: 'ended', words: words || lost(wasOpen), bad: words !== 'exit code 0' }),
        });
      },
      (error) => abort.signal.aborted || setStage({ at: 'refused', error }),
    );
    return () => {
      abort.abort();
      session.current?.close();
      session.current = null;
    };
  }, [status.taskId, round]);
  useEffect(() => session.current?.readOut(readOut), [readOut]);
  const worker = status.runs.at(-1);
  return (
    <>
      <div class="head">
        <h1>Shell</h1>
        <State state={status.state} />
        <a href={`/tasks/${status.taskId}`}>{task.metadata.name}</a>
        <div class="actions">
          <button aria-pressed={readOut} onClick={() => change({ readOut: !readOut })} title="For screen readers; it makes much output slow">
            Read out
          </button>
          <button disabled={stage.at !== 'ended'} onClick={() => setRound((it) => it + 1)} title="Each connection is a new shell">
            Open another
          </button>
        </div>
      </div>
      <p class="facts">
        <span>
          worker{' '}
          <b>
            {worker?.workerGroup}/{worker?.workerId}
          </b>
        </span>
        <span>
          deadline of the task{' '}
          <b>
            <Ago time={status.deadline} />
          </b>
        </span>
        <span>A shell ends with its task, and after 15 minutes in which nothing happens.</span>
      </p>
      <Notice stage={stage} state={status.state} />
      <div class="terminal" ref={element} />
    </>
  );
}

function Notice({ stage, state }: { stage: Stage; state: string }) {
  if (stage.at === 'refused') return <Problem error={stage.error} />;
  if (stage.at === 'ended') {
    return (
      <p class={`note${stage.bad ? ' warn' : ''}`} role="status">
        The shell ended: {stage.words}
      </p>
    );
  }
  const words = {
    waiting: `The task is ${state}; waiting for its shell, which it has if its payload has features.interactive.`,
    connecting: 'Connecting to the worker…',
    open: 'Connected.',
  };
  return (
    <p class="quiet" role="status">
      {words[stage.at]}
    </p>
  );
}

/** Browsers say no more of it. */
function lost(wasOpen: boolean): string {
  if (wasOpen) return 'the connection to the worker broke.';
  return 'the worker cannot be reached from this browser, or refuses: the task may have ended, or as many shells as possible are open in it.';
}

/** What the artifact of the shell points to; nothing once the task is over without one. */
async function linkOf(task: string, signal: AbortSignal, isOver: () => boolean): Promise<string | null> {
  for (;;) {
    try {
      const { url } = await api<{ url?: string }>(`queue/v1/task/${segment(task)}/artifact-content/${segment(ARTIFACT)}`, { signal });
      return isOver() ? null : (url ?? '');
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      if (isOver()) return null;
    }
    await pause(POLL, signal);
  }
}

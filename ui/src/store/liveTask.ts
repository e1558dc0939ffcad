/** Calls back when something happens to a task; several events in a row are one call. */
import { useEffect } from 'preact/hooks';
import { FROM_NOW, subscribe, type Binding } from '../api/events';

const KINDS = ['task-pending', 'task-running', 'task-completed', 'task-failed', 'task-exception', 'artifact-created'];

export function useTaskEvents(task: string, reload: () => void) {
  useEffect(() => {
    let timer = 0;
    const soon = () => {
      clearTimeout(timer);
      timer = window.setTimeout(reload, 250);
    };
    const bindings: Binding[] = KINDS.map((exchange) => ({ exchange, routingKeyPattern: `*.${task}.#` }));
    const end = subscribe({ bindings, at: FROM_NOW, each: soon, reset: soon });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [task]);
}

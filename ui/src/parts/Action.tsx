/** A button for something that needs a scope: visible to all, and it says what is missing. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/fetch';
import { may } from '../store/session';
import { confirm } from './Confirm';
import { toast } from './Toast';

interface Props {
  /** Any one of these is enough. */
  scopes: string[];
  run: () => Promise<unknown>;
  /** Asked before; the button of the dialog repeats the label. */
  ask?: string;
  done?: string;
  kind?: string;
  why?: string;
  children: ComponentChildren;
}

export function Action({ scopes, run, ask, done, kind, why, children }: Props) {
  const [busy, setBusy] = useState(false);
  const allowed = !scopes.length || scopes.some(may);
  const reason = why ?? (allowed ? undefined : `Needs the scope ${scopes[0]}`);
  const click = async () => {
    if (reason || busy) return;
    if (ask && !(await confirm(ask, String(children), kind === 'danger'))) return;
    setBusy(true);
    try {
      await run();
      if (done) toast(done);
    } catch (error) {
      toast(error instanceof ApiError ? error.message : String(error), true);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button class={kind} onClick={click} aria-disabled={reason ? 'true' : undefined} title={reason} disabled={busy}>
      {children}
    </button>
  );
}

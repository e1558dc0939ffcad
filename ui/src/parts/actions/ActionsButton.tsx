/** Leads to everything that can be done with a task or a group; the dialog is loaded when it is wanted. */
import type { ComponentType } from 'preact';
import { useState } from 'preact/hooks';
import { useKeys } from '../../app/keys';
import type { Target } from './data';

type Dialog = ComponentType<{ target: Target; close: () => void }>;

export function ActionsButton({ target }: { target: Target }) {
  const [dialog, setDialog] = useState<{ Dialog: Dialog } | null>(null);
  const open = async () => setDialog({ Dialog: (await import('./ActionsDialog')).ActionsDialog });
  useKeys([{ keys: 'a', what: 'All actions', run: () => void open() }]);
  return (
    <>
      <button onClick={() => void open()} aria-haspopup="dialog" title="Actions of the decision task, and those of Drover (a)">
        Actions…
      </button>
      {dialog && <dialog.Dialog target={target} close={() => setDialog(null)} />}
    </>
  );
}

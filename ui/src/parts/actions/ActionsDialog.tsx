/** The actions for a task or a group: which there are, and one of them with its input and what it triggers. */
import { useState } from 'preact/hooks';
import { useData } from '../../api/useData';
import { Dialog } from '../Dialog';
import { Shown } from '../Shown';
import { list, type Offered, type OfferedAction, type Target } from './data';
import { Run } from './Run';

export function ActionsDialog({ target, close }: { target: Target; close: () => void }) {
  const [chosen, choose] = useState<OfferedAction | null>(null);
  const offered = useData(`actions ${target.group} ${target.task}`, (signal) => list(target, signal));
  return (
    <Dialog title={chosen ? chosen.title || chosen.name : `Actions for this ${target.task ? 'task' : 'group'}`} close={close}>
      {chosen ? <Run target={target} action={chosen} back={() => choose(null)} close={close} /> : <Shown data={offered}>{(it) => <List offered={it} choose={choose} />}</Shown>}
      {!chosen && (
        <div class="buttons">
          <button onClick={close}>Close</button>
        </div>
      )}
    </Dialog>
  );
}

function List({ offered, choose }: { offered: Offered; choose: (action: OfferedAction) => void }) {
  return (
    <>
      {offered.problem && <p class="note warn">{offered.problem}</p>}
      <ul class="plain offered">
        {offered.actions.map((it) => (
          <li key={it.name}>
            <button onClick={() => choose(it)}>{it.title || it.name}</button>
            <span class="quiet"> {it.builtIn ? 'of Drover' : 'of the decision task'}</span>
            <p class="pre">{it.description}</p>
          </li>
        ))}
      </ul>
      {!offered.actions.length && <p class="empty">There are none.</p>}
    </>
  );
}

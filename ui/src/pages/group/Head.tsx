/** The name of a group and what can be done with all of it. */
import { api, segment } from '../../api/fetch';
import { Action } from '../../parts/Action';
import { ActionsButton } from '../../parts/actions/ActionsButton';
import { Ago } from '../../parts/Time';
import type { Group } from '../../store/group';

/** Of its decision task, whose id is the group's; else of its first task. */
export function titleOf(group: Group): string {
  const row = group.row(group.id) ?? first(group);
  return group.names[row] || group.id;
}

function first(group: Group): number {
  let best = 0;
  for (let row = 1; row < group.size; row++) if (group.createdAt[row] < group.createdAt[best]) best = row;
  return best;
}

export function Head({ group, reload }: { group: Group; reload: () => void }) {
  const path = `queue/v1/task-group/${segment(group.id)}`;
  const open = group.counts[0] + group.counts[1] + group.counts[2];
  const post = async (verb: string) => {
    await api(`${path}/${verb}`, { method: 'POST' });
    reload();
  };
  const scope = (verb: string) => [`queue:${verb}-task-group:${group.scheduler}/${group.id}`];
  return (
    <>
      <div class="head">
        <h1>{titleOf(group)}</h1>
        <div class="actions">
          <Action
            scopes={scope('seal')}
            why={group.sealed ? 'It is sealed' : undefined}
            run={() => post('seal')}
            ask="Seal this group? No task can be added to it afterwards, and nothing unseals it."
            done="The group is sealed."
          >
            Seal
          </Action>
          <Action
            scopes={scope('cancel')}
            kind="danger"
            why={open ? undefined : 'Every task is resolved'}
            run={async () => {
              if (!group.sealed) await api(`${path}/seal`, { method: 'POST' });
              await post('cancel');
            }}
            ask={`Cancel ${open} unresolved tasks of this group? ${group.sealed ? '' : 'It is sealed first.'}`}
            done="The group is cancelled."
          >
            Cancel group
          </Action>
          <ActionsButton target={{ group: group.id }} />
        </div>
      </div>
      <p class="facts">
        <span class="mono">{group.id}</span>
        <span>
          scheduler <b>{group.scheduler}</b>
        </span>
        <span>
          created{' '}
          <b>
            <Ago time={group.created} />
          </b>
        </span>
        {group.sealed && (
          <span>
            sealed{' '}
            <b>
              <Ago time={group.sealed} />
            </b>
          </span>
        )}
        <span>
          expires{' '}
          <b>
            <Ago time={group.expires} />
          </b>
        </span>
      </p>
    </>
  );
}

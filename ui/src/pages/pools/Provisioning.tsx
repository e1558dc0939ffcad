/** What the provisioner does with a pool, and why. */
import type { ComponentChildren } from 'preact';
import { api, segment } from '../../api/fetch';
import { type Data, useData } from '../../api/useData';
import { Action } from '../../parts/Action';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';
import { chosen, type Decided, exclusion, labelled, limits, machines, number, type Step } from './decision';

interface Breaker {
  scope: string;
  key: string;
  state: 'closed' | 'open' | 'slow-start';
  until?: string;
  failureClass?: string;
  allowance?: number;
  reason?: string;
}

interface State {
  pausedUntil?: string;
  pauseReason?: string;
  demand: { pending: number; claimed: number; oldestPending?: string };
  supply: Record<string, number>;
  bootSeconds?: number;
  nextDecision?: string;
  breakers: Breaker[];
}

export function Provisioning({ pool }: { pool: string }) {
  const path = `worker-manager/v1/worker-pool/${segment(pool)}`;
  const data = useData(`provisioning ${pool}`, (signal) => api<State>(`${path}/provisioning`, { signal }));
  const list = usePages<Decided>(`${path}/decisions?limit=20`, (it) => it.decisions);
  return (
    <>
      <h2>Provisioning</h2>
      {data.value && <Now pool={pool} path={path} state={data.value} reload={data.reload} />}
      <PagedTable
        list={list}
        label="Decisions"
        heads={['When', 'Decision', 'Limited by']}
        empty="Nothing was decided in the last days: no machines were missing."
        row={(it) => (
          <tr key={it.decided}>
            <td class="nowrap">
              <Ago time={it.decided} />
            </td>
            <td>
              <details>
                <summary>
                  {machines(it.decision)} for {it.decision.demand?.pending ?? 0} pending tasks
                </summary>
                <Why {...it} />
              </details>
            </td>
            <td>{limits(it.decision)}</td>
          </tr>
        )}
      />
    </>
  );
}

function Now({ pool, path, state, reload }: { pool: string; path: string; state: State; reload: Data<State>['reload'] }) {
  const { demand, supply, breakers, pausedUntil } = state;
  const scopes = [`worker-manager:manage-worker-pool:${pool}`];
  const set = async (verb: string, body: object) => {
    await api(`${path}/${verb}`, { method: 'POST', body });
    reload();
  };
  return (
    <>
      <p class="facts">
        <span>
          waiting <b>{demand.pending}</b>
          {demand.oldestPending && (
            <>
              , the oldest <Ago time={demand.oldestPending} />
            </>
          )}
        </span>
        <span>
          at work <b>{demand.claimed}</b>
        </span>
        <span>{labelled(supply)}</span>
        {state.bootSeconds !== undefined && <span>half of the machines register within {Math.round(state.bootSeconds)} s</span>}
      </p>
      {pausedUntil ? (
        <div class="actions">
          <span>
            Paused, ends <Ago time={pausedUntil} />. {state.pauseReason}
          </span>
          <Action scopes={scopes} run={() => set('resume', {})}>
            Resume
          </Action>
        </div>
      ) : (
        <div class="actions">
          <Action scopes={scopes} ask="Launch no machines for this pool for an hour? Those that are there go on." run={() => set('pause', inAnHour())}>
            Pause for an hour
          </Action>
        </div>
      )}
      {breakers
        .filter((it) => it.state !== 'closed')
        .map((it) => (
          <p key={`${it.scope} ${it.key}`}>
            <b>
              {it.scope} {it.key}
            </b>{' '}
            {it.state === 'open' ? 'gets no machines' : `gets ${it.allowance ?? 0} machines at a time`}
            {it.until && (
              <>
                , tried again <Ago time={it.until} />
              </>
            )}
            {it.failureClass && ` (${it.failureClass})`}
            {it.reason && `: ${it.reason}`}
          </p>
        ))}
    </>
  );
}

function inAnHour() {
  return { until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'paused on the page' };
}

function Why({ decision }: Decided) {
  return (
    <dl class="why">
      <Row name="supply">{labelled(decision.supply)}</Row>
      {decision.steps?.map((it) => (
        <Row key={it.name} name={it.name.replaceAll('_', ' ')}>
          <Formula {...it} />
        </Row>
      ))}
      {decision.excluded?.map((it) => (
        <Row key={`${it.launch_config} ${it.reason}`} name="not chosen">
          <span class="id">{it.launch_config}</span> {exclusion(it)}
        </Row>
      ))}
      {decision.launches?.map((it) => (
        <Row key={it.launch_config} name="chosen">
          {chosen(it)}
        </Row>
      ))}
    </dl>
  );
}

function Formula({ value, formula, operands }: Step) {
  return (
    <>
      <b>{number(value)}</b> = {formula}: {operands.map((it) => `${it.name} ${number(it.value)}`).join(', ')}
    </>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt> <dd>{children}</dd>
    </div>
  );
}

/** The runs of a task side by side. */
import { State } from '../../parts/State';
import { Ago, duration } from '../../parts/Time';
import { serverNow } from '../../store/clock';
import type { Run, TaskStatus } from '../../store/taskTypes';

export function Runs({ status }: { status: TaskStatus; artifactNames: string[] }) {
  if (!status.runs.length) return <p class="quiet">It has not run yet.</p>;
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Run</th>
            <th>State</th>
            <th class="right">Waited</th>
            <th class="right">Took</th>
            <th class="narrow-off">Worker</th>
            <th class="right narrow-off">Since</th>
          </tr>
        </thead>
        <tbody>
          {status.runs.toReversed().map((run) => (
            <tr key={run.runId}>
              <td>
                <a href={`/tasks/${status.taskId}/runs/${run.runId}/logs/public/logs/live.log`} title="Its log">
                  {run.runId}
                </a>
              </td>
              <td>
                <State state={run.state} reason={run.reasonResolved} />
              </td>
              <td class="right nowrap">{between(run.scheduled, run.started ?? run.resolved, run)}</td>
              <td class="right nowrap">{run.started ? between(run.started, run.resolved, run) : ''}</td>
              <td class="id narrow-off">
                {run.workerId && (
                  <>
                    {run.workerGroup}/{run.workerId}
                  </>
                )}
              </td>
              <td class="right nowrap narrow-off">
                <Ago time={run.resolved ?? run.started ?? run.scheduled} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function between(from: string, to: string | undefined, run: Run): string {
  const open = run.state === 'pending' || run.state === 'running';
  if (!to && !open) return '';
  return duration(((to ? Date.parse(to) : serverNow()) - Date.parse(from)) / 1000);
}

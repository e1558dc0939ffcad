/** The newest pushes of a repository, and each task of theirs beside the same one of the others. */
import { useMemo } from 'preact/hooks';
import { api, segment } from '../../api/fetch';
import { useData } from '../../api/useData';
import { place, setQuery } from '../../app/router';
import { Shown } from '../../parts/Shown';
import { Meter } from '../../parts/State';
import { Ago } from '../../parts/Time';
import type { Group } from '../../store/group';
import { filterGrid, gridRows } from '../../store/grid';
import { useGroups, type Build } from './data';
import { Grid } from './Grid';
import { BuildState, cause, useOwners } from './Page';

const COUNTS = [5, 8, 10];

export default function RepositoryPage({ params }: { params: Record<string, string> }) {
  const { owner, repository } = params;
  document.title = `${owner}/${repository} · Drover`;
  const { query } = place.value;
  const count = Number(query.get('count')) || COUNTS[1];
  const all = query.get('events') === 'all';
  const path = `github/v1/builds?organization=${segment(owner)}&repository=${segment(repository)}&limit=100`;
  const data = useData(path, async (signal) => (await api<{ builds: Build[] }>(path, { signal })).builds);
  return (
    <>
      <div class="head">
        <h1>
          {owner}/{repository}
        </h1>
      </div>
      <div class="bar">
        <label>
          Pushes
          <select value={String(count)} onChange={(it) => setQuery({ count: it.currentTarget.value })}>
            {COUNTS.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
        </label>
        <button aria-pressed={all} onClick={() => setQuery({ events: all ? '' : 'all' })}>
          Pull requests too
        </button>
        <button onClick={data.reload}>Look again</button>
      </div>
      <Shown data={data}>
        {(builds) => {
          const wanted = builds.filter((it) => all || it.eventType.startsWith('push')).slice(0, Math.min(count, COUNTS.at(-1)!));
          return wanted.length ? <Loaded builds={wanted} /> : <div class="card empty">No event of GitHub has made tasks of this repository.</div>;
        }}
      </Shown>
    </>
  );
}

function Loaded({ builds }: { builds: Build[] }) {
  const { groups: known, arrived, version } = useGroups(builds.map((it) => it.taskGroupId));
  const owners = useOwners(builds.map((it) => it.taskGroupId));
  const groups = builds.map((it) => known.get(it.taskGroupId));
  const { query } = place.value;
  const filter = { text: query.get('q') ?? '', failed: query.get('failed') === 'on', differing: query.get('differing') === 'on' };
  const all = useMemo(() => gridRows(groups), [arrived, builds.map((it) => it.taskGroupId).join()]);
  const rows = useMemo(() => filterGrid(all, groups, filter), [all, version, filter.text, filter.failed, filter.differing]);
  const toggle = (name: 'failed' | 'differing') => setQuery({ [name]: filter[name] ? '' : 'on' });
  return (
    <>
      <div class="table">
        <table aria-label="Pushes">
          <tbody>
            {builds.map((build, index) => (
              <Push key={build.taskGroupId} build={build} group={groups[index]} owner={owners.get(build.taskGroupId)} />
            ))}
          </tbody>
        </table>
      </div>
      <div class="bar">
        <input
          type="search"
          placeholder="Filter names"
          aria-label="Filter names"
          spellcheck={false}
          value={filter.text}
          onInput={(it) => setQuery({ q: it.currentTarget.value })}
        />
        <button aria-pressed={filter.failed} onClick={() => toggle('failed')}>
          Failed in some push
        </button>
        <button aria-pressed={filter.differing} onClick={() => toggle('differing')}>
          Not the same in all
        </button>
        <span class="quiet" role="status">
          {rows.length} of {all.length} names
        </span>
      </div>
      <Grid builds={builds} groups={groups} rows={rows} />
    </>
  );
}

function Push({ build, group, owner }: { build: Build; group: Group | null | undefined; owner?: string }) {
  return (
    <tr>
      <td class="nowrap">
        <BuildState build={build} />
      </td>
      <td class="mono">
        <a href={`/tasks/groups/${build.taskGroupId}`}>{build.sha.slice(0, 12)}</a>
      </td>
      <td class="nowrap">{cause(build)}</td>
      <td class="nowrap">{owner}</td>
      <td class="nowrap">
        <Ago time={build.created} />
      </td>
      <td class="wide narrow-off">{group ? <Meter counts={group.counts} /> : group === null && <span class="quiet">cannot be seen</span>}</td>
    </tr>
  );
}

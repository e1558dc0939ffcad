/** Pushes and pull requests of GitHub, newest first. */
import { useEffect, useState } from 'preact/hooks';
import { segment } from '../../api/fetch';
import { place, setQuery } from '../../app/router';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';
import { BUILD_STATES, owners, plainName, repositoryPath, type Build } from './data';

const FIELDS = { organization: 'Owner', repository: 'Repository', sha: 'Commit', pullRequest: 'Pull request' };

export default function PushesPage() {
  document.title = 'Pushes · Drover';
  const { query } = place.value;
  const given = Object.keys(FIELDS).filter((it) => query.get(it));
  const path = `github/v1/builds?limit=50${given.map((it) => `&${it}=${segment(query.get(it)!)}`).join('')}`;
  const list = usePages<Build>(path, (answer) => answer.builds);
  const names = useOwners(list.rows.map((it) => it.taskGroupId));
  return (
    <>
      <div class="head">
        <h1>Pushes</h1>
      </div>
      <div class="bar" role="group" aria-label="Filter">
        {Object.entries(FIELDS).map(([name, label]) => (
          <label key={name}>
            {label}
            <input value={query.get(name) ?? ''} spellcheck={false} onChange={(it) => setQuery({ [name]: it.currentTarget.value.trim() })} />
          </label>
        ))}
      </div>
      <PagedTable
        list={list}
        label="Pushes"
        heads={['State', 'Repository', 'Commit', 'Cause', 'By', 'When', 'Group']}
        empty="No event of GitHub has made tasks here."
        row={(it) => <Row key={it.taskGroupId} build={it} owner={names.get(it.taskGroupId)} />}
      />
    </>
  );
}

function Row({ build, owner }: { build: Build; owner?: string }) {
  return (
    <tr>
      <td class="nowrap">
        <BuildState build={build} />
      </td>
      <td class="id">
        <a href={repositoryPath(build)}>
          {plainName(build.organization)}/{plainName(build.repository)}
        </a>
      </td>
      <td class="mono">{build.sha.slice(0, 12)}</td>
      <td class="nowrap">{cause(build)}</td>
      <td class="id">{owner}</td>
      <td class="nowrap">
        <Ago time={build.created} />
      </td>
      <td class="nowrap">
        <a href={`/tasks/groups/${build.taskGroupId}`}>its tasks</a>
      </td>
    </tr>
  );
}

export function BuildState({ build }: { build: Build }) {
  const [glyph, color] = BUILD_STATES[build.state];
  return (
    <span class={`state s${color}`}>
      <i aria-hidden="true">{glyph}</i>
      {build.state}
    </span>
  );
}

export function cause(build: Build): string {
  if (build.pullRequestNumber) return `pull request ${build.pullRequestNumber}`;
  return build.eventType.split('.')[0];
}

/** By group; what is known stays while more is asked for. */
export function useOwners(groups: string[]): Map<string, string> {
  const [known, setKnown] = useState(new Map<string, string>());
  const unknown = groups.filter((it) => !known.has(it));
  const key = unknown.join();
  useEffect(() => {
    const abort = new AbortController();
    void owners(unknown, abort.signal).then((found) => {
      if (found.size && !abort.signal.aborted) setKnown((it) => new Map([...it, ...found]));
    });
    return () => abort.abort();
  }, [key]);
  return known;
}

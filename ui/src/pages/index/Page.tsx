/** The index: namespaces, and the tasks that they lead to. */
import { useData } from '../../api/useData';
import { api, ApiError, segment } from '../../api/fetch';
import { PagedTable, usePages } from '../../parts/Page';
import { Ago } from '../../parts/Time';

interface Namespace {
  namespace: string;
  name: string;
  expires: string;
}

interface Indexed {
  namespace: string;
  taskId: string;
  rank: number;
  data: unknown;
  expires: string;
}

export default function IndexPage({ params }: { params: Record<string, string> }) {
  const namespace = params.namespace ?? '';
  document.title = `${namespace || 'Index'} · Drover`;
  const below = namespace ? `/${segment(namespace)}` : '/';
  const namespaces = usePages<Namespace>(`index/v1/namespaces${below}?limit=200`, (it) => it.namespaces);
  const tasks = usePages<Indexed>(`index/v1/tasks${below}?limit=200`, (it) => it.tasks);
  const own = useData(namespace ? `index ${namespace}` : '', async (signal) => {
    try {
      return await api<Indexed>(`index/v1/task/${segment(namespace)}`, { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  });
  return (
    <>
      <div class="head">
        <h1>
          <Crumbs namespace={namespace} />
        </h1>
      </div>
      {own.value && (
        <p class="note">
          This path leads to <a href={`/tasks/${own.value.taskId}`}>{own.value.taskId}</a>, rank {own.value.rank}, until{' '}
          <Ago time={own.value.expires} />.
        </p>
      )}
      <div class="columns">
        <section>
          <h2>Namespaces</h2>
          <PagedTable
            list={namespaces}
            label="Namespaces"
            heads={['Name', 'Expires']}
            empty="There are none below."
            row={(it) => (
              <tr key={it.namespace}>
                <td class="id wide">
                  <a href={`/tasks/index/${segment(it.namespace)}`}>{it.name}</a>
                </td>
                <td class="nowrap">
                  <Ago time={it.expires} />
                </td>
              </tr>
            )}
          />
        </section>
        <section>
          <h2>Tasks</h2>
          <PagedTable
            list={tasks}
            label="Indexed tasks"
            heads={['Name', 'Task', 'Rank']}
            empty="There are none here."
            row={(it) => (
              <tr key={it.namespace}>
                <td class="id">
                  <a href={`/tasks/index/${segment(it.namespace)}`}>{it.namespace.split('.').at(-1)}</a>
                </td>
                <td class="id">
                  <a href={`/tasks/${it.taskId}`}>{it.taskId}</a>
                </td>
                <td>{it.rank}</td>
              </tr>
            )}
          />
        </section>
      </div>
    </>
  );
}

function Crumbs({ namespace }: { namespace: string }) {
  const parts = namespace ? namespace.split('.') : [];
  return (
    <>
      {parts.length ? <a href="/tasks/index">Index</a> : 'Index'}
      {parts.map((part, at) => (
        <>
          {at ? '.' : ' '}
          {at < parts.length - 1 ? <a href={`/tasks/index/${segment(parts.slice(0, at + 1).join('.'))}`}>{part}</a> : part}
        </>
      ))}
    </>
  );
}

/** All pages: their paths, as Taskcluster's, and what loads them. */
import type { ComponentType } from 'preact';
import { preloadGroup } from '../store/groupData';

export type Params = Record<string, string>;
type Page = ComponentType<{ params: Params }>;

export interface Route {
  path: string;
  section: string;
  load: () => Promise<Page>;
  preload?: (params: Params) => void;
}

/** A page of a chunk of its own. */
const lazy = (load: () => Promise<{ default: Page }>) => () => load().then((it) => it.default);

const home = lazy(() => import('../pages/home/Page'));
const group = lazy(() => import('../pages/group/Page'));
const signIn = lazy(() => import('../pages/signin/Page'));
const missing = lazy(() => import('../pages/missing/Page'));

const task = lazy(() => import('../pages/task/Page'));
const log = lazy(() => import('../pages/log/Page'));
const compare = lazy(() => import('../pages/compare/Page'));
const explain = lazy(() => import('../pages/explain/Page'));
const create = lazy(() => import('../pages/create/Page'));
const queues = lazy(() => import('../pages/queues/Page'));
const queue = lazy(() => import('../pages/queues/QueuePage'));
const index = lazy(() => import('../pages/index/Page'));
const secrets = lazy(() => import('../pages/secrets/Page'));
const secret = lazy(() => import('../pages/secrets/SecretPage'));
const clients = lazy(() => import('../pages/clients/Page'));
const client = lazy(() => import('../pages/clients/ClientPage'));
const grant = lazy(() => import('../pages/clients/Grant'));
const thirdParty = lazy(() => import('../pages/signin/ThirdParty'));
const roles = lazy(() => import('../pages/roles/Page'));
const role = lazy(() => import('../pages/roles/RolePage'));
const events = lazy(() => import('../pages/events/Page'));
const push = lazy(() => import('../pages/push/Page'));
const pushes = lazy(() => import('../pages/pushes/Page'));
const repository = lazy(() => import('../pages/pushes/RepositoryPage'));
const scopes = lazy(() => import('../pages/scopes/Page'));
const hooks = lazy(() => import('../pages/hooks/Page'));
const hook = lazy(() => import('../pages/hooks/HookPage'));
const pools = lazy(() => import('../pages/pools/Page'));
const pool = lazy(() => import('../pages/pools/PoolPage'));
const denylist = lazy(() => import('../pages/denylist/Page'));
const purge = lazy(() => import('../pages/purge/Page'));
const audit = lazy(() => import('../pages/audit/Page'));

const shell = lazy(() => import('../pages/shell/Page'));

const preload = (params: Params) => preloadGroup(params.group);

const ROUTES: Route[] = [
  { path: '/', section: 'home', load: home },
  { path: '/login', section: 'login', load: signIn },
  { path: '/login/once', section: 'login', load: signIn },
  { path: '/login/oauth/authorize', section: 'login', load: thirdParty },
  { path: '/tasks/groups/:group', section: 'tasks', load: group, preload },
  { path: '/tasks/groups/:group/tasks', section: 'tasks', load: group, preload },
  { path: '/tasks/create', section: 'create', load: create },
  { path: '/tasks/index', section: 'index', load: index },
  { path: '/tasks/index/:namespace', section: 'index', load: index },
  { path: '/tasks/:task', section: 'tasks', load: task },
  { path: '/tasks/:task/explain', section: 'tasks', load: explain },
  { path: '/tasks/:task/compare', section: 'tasks', load: compare },
  { path: '/tasks/:task/log', section: 'tasks', load: log },
  { path: '/tasks/:task/runs/:run', section: 'tasks', load: task },
  { path: '/tasks/:task/runs/:run/logs/*name', section: 'tasks', load: log },
  { path: '/push/:project/:revision', section: 'tasks', load: push },
  { path: '/pushes', section: 'more', load: pushes },
  { path: '/pushes/:owner/:repository', section: 'more', load: repository },
  { path: '/queues', section: 'queues', load: queues },
  { path: '/queues/:queue', section: 'queues', load: queue },
  { path: '/worker-manager', section: 'pools', load: pools },
  { path: '/worker-manager/:pool', section: 'pools', load: pool },
  { path: '/hooks', section: 'hooks', load: hooks },
  { path: '/hooks/:group', section: 'hooks', load: hooks },
  { path: '/hooks/:group/*hook', section: 'hooks', load: hook },
  { path: '/events', section: 'events', load: events },
  { path: '/secrets', section: 'secrets', load: secrets },
  { path: '/secrets/*name', section: 'secrets', load: secret },
  { path: '/auth/clients', section: 'clients', load: clients },
  { path: '/auth/clients/create', section: 'clients', load: grant },
  { path: '/auth/clients/new', section: 'clients', load: grant },
  { path: '/auth/clients/*client', section: 'clients', load: client },
  { path: '/auth/roles', section: 'roles', load: roles },
  { path: '/auth/roles/*role', section: 'roles', load: role },
  { path: '/auth/scopes', section: 'scopes', load: scopes },
  { path: '/auth/scopes/expansions', section: 'scopes', load: scopes },
  { path: '/audit', section: 'more', load: audit },
  { path: '/notify/denylist', section: 'more', load: denylist },
  { path: '/shell', section: 'tasks', load: shell },
  { path: '/shell/:task', section: 'tasks', load: shell },
  { path: '/shell/:task/:run', section: 'tasks', load: shell },
  { path: '/purge-cache', section: 'more', load: purge },
];

const MISSING: Route = { path: '', section: '', load: missing };

/** A parameter is one segment; `*name` at the end is all that is left. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split('/');
  const given = path.length > 1 ? path.replace(/\/$/, '').split('/') : path.split('/');
  const params: Params = {};
  for (let i = 0; i < wanted.length; i++) {
    const part = wanted[i];
    if (part.startsWith('*')) {
      params[part.slice(1)] = given.slice(i).map(decode).join('/');
      return params;
    }
    if (given[i] === undefined) return null;
    if (part.startsWith(':')) params[part.slice(1)] = decode(given[i]);
    else if (part !== given[i]) return null;
  }
  return given.length === wanted.length ? params : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function find(path: string): { route: Route; params: Params } {
  for (const route of ROUTES) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return { route: MISSING, params: { path } };
}

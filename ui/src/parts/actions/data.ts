/** Actions as the API tells of them. */
import { api, segment } from '../../api/fetch';
import type { Schema } from '../SchemaForm';

/** Without a task, the group. */
export interface Target {
  group: string;
  task?: string;
}

export interface OfferedAction {
  name: string;
  title: string;
  description: string;
  schema?: Schema;
  hookGroupId?: string;
  hookId?: string;
  scope?: string;
  builtIn: boolean;
  problem?: string;
}

export interface Offered {
  actions: OfferedAction[];
  problem?: string;
}

/** What carries an action out. */
export interface Prepared {
  hookGroupId: string;
  hookId: string;
  payload: unknown;
  scope: string;
}

export interface DryRun {
  task?: { metadata?: { name?: string }; taskQueueId?: string; provisionerId?: string; workerType?: string; scopes?: string[] };
  error?: string;
}

const path = (target: Target) => `drover/v1/group/${segment(target.group)}/actions`;

export const list = (target: Target, signal: AbortSignal) => api<Offered>(`${path(target)}${target.task ? `?task=${target.task}` : ''}`, { signal });

export const prepare = (target: Target, name: string, input: unknown, signal: AbortSignal) =>
  api<Prepared>(`${path(target)}/${segment(name)}`, { method: 'POST', body: { taskId: target.task, input }, signal });

const hookPath = ({ hookGroupId, hookId }: Prepared) => `${segment(hookGroupId)}/${segment(hookId)}`;

export const dryRun = (prepared: Prepared, signal: AbortSignal) =>
  api<DryRun>(`drover/v1/hook/${hookPath(prepared)}/dry-run`, { method: 'POST', body: { payload: prepared.payload }, signal });

export const trigger = (prepared: Prepared) => api<{ taskId?: string }>(`hooks/v1/hooks/${hookPath(prepared)}/trigger`, { method: 'POST', body: prepared.payload });

/** Hooks as the API tells of them. */
export interface Hook {
  hookGroupId: string;
  hookId: string;
  metadata: { name: string; description: string; owner: string; emailOnError?: boolean };
  schedule: string[];
  bindings?: { exchange: string; routingKeyPattern: string }[];
  task: Record<string, unknown>;
  triggerSchema: Record<string, unknown>;
}

export interface HookStatus {
  lastFire: { result: 'success' | 'error' | 'no-fire'; taskId?: string; time?: string; error?: unknown };
  nextScheduledDate?: string;
}

export interface Fire {
  taskId: string;
  firedBy: string;
  taskCreateTime: string;
  result: 'success' | 'error';
  error: string;
  taskState: string;
}

export const NEW_HOOK = {
  metadata: { name: '', description: '', owner: '', emailOnError: true },
  schedule: [],
  bindings: [],
  task: {
    provisionerId: 'local',
    workerType: 'worker',
    created: { $fromNow: '0 seconds' },
    deadline: { $fromNow: '1 hour' },
    expires: { $fromNow: '1 week' },
    payload: { command: [['sh', '-c', 'echo hello']], maxRunTime: 60 },
    metadata: { name: '', description: '', owner: '', source: location.origin },
  },
  triggerSchema: { type: 'object', properties: {}, additionalProperties: false },
};

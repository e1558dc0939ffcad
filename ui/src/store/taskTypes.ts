/** Answers of the API about one task. */
import type { State } from './states';

export interface Run {
  runId: number;
  state: State;
  reasonCreated: string;
  reasonResolved?: string;
  scheduled: string;
  started?: string;
  resolved?: string;
  workerGroup?: string;
  workerId?: string;
  takenUntil?: string;
}

export interface TaskStatus {
  taskId: string;
  taskGroupId: string;
  taskQueueId: string;
  schedulerId: string;
  projectId: string;
  state: State;
  priority: string;
  retriesLeft: number;
  deadline: string;
  expires: string;
  runs: Run[];
}

export interface Definition {
  created: string;
  deadline: string;
  expires: string;
  metadata: { name: string; description: string; owner: string; source: string };
  tags?: Record<string, string>;
  scopes?: string[];
  routes?: string[];
  dependencies?: string[];
  payload: unknown;
  [key: string]: unknown;
}

export interface Around {
  taskId: string;
  name: string;
  state: State;
}

export interface Artifact {
  storageType: string;
  name: string;
  expires: string;
  contentType: string;
  contentLength?: number;
}

export interface Required {
  taskId: string;
  name?: string;
  state?: State;
  satisfiable: boolean;
}

export interface Explanation {
  taskId: string;
  name: string;
  at: string;
  cause: string;
  verdict: string;
  advice: string[];
  status: TaskStatus;
  dependencies: { requires: string; total: number; satisfied: number; blocking: Required[]; roots: Required[]; followed: boolean };
  position?: { since: string; ahead: number; aheadOfHigherPriority: number; pending: number; orMore: boolean };
  workers: {
    taskQueueId: string;
    known: number;
    alive: number;
    quarantined: number;
    ready: number;
    lastSeen?: string;
    latest: { workerGroup: string; workerId: string; lastSeen: string; busy: boolean; quarantineUntil?: string; quarantineInfo?: string }[];
  };
  deadline: { deadline: string; secondsLeft: number; expires: string };
  claim?: { runId: number; workerGroup: string; workerId: string; takenUntil: string; secondsLeft: number };
  retries: { runs: number; allowed: number; left: number };
  scopes: { held: string[]; missing: string[]; toClaim: string };
  events: { undelivered: { kind: string; at: string }[]; backlog: number; orMore: boolean; oldest?: string };
  notes: Record<string, unknown>[];
}

export interface TaskView {
  status: TaskStatus;
  task: Definition;
  artifacts?: Artifact[];
  dependencies: Around[];
  moreDependencies: boolean;
  dependents: Around[];
  moreDependents: boolean;
  explanation: Explanation;
}

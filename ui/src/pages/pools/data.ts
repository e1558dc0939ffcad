/** Worker pools as worker-manager tells of them. */
export interface Stats {
  workerPoolId: string;
  requestedCount: number;
  runningCount: number;
  stoppingCount: number;
  stoppedCount: number;
  currentCapacity: number;
}

export interface Pool extends Stats {
  providerId: string;
  description: string;
  owner: string;
  emailOnError: boolean;
  created: string;
  lastModified: string;
  config: { minCapacity?: number; maxCapacity?: number } & Record<string, unknown>;
}

export interface PoolWorker {
  workerGroup: string;
  workerId: string;
  state: 'requested' | 'running' | 'stopping' | 'stopped';
  capacity: number;
  created: string;
  lastChecked: string;
  expires: string;
  launchConfigId?: string;
}

export interface PoolError {
  errorId: string;
  reported: string;
  kind: string;
  title: string;
  description: string;
  launchConfigId?: string;
  extra: Record<string, unknown>;
}

export interface LaunchConfig {
  launchConfigId: string;
  isArchived: boolean;
  created: string;
  configuration: Record<string, unknown>;
}

export const NEW_POOL = {
  providerId: 'static',
  description: '',
  owner: '',
  emailOnError: false,
  config: {},
};

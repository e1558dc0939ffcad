/** States, reasons and priorities, by their numbers in a snapshot. */
export const STATES = ['unscheduled', 'pending', 'running', 'completed', 'failed', 'exception'] as const;
export type State = (typeof STATES)[number];

export const GLYPHS: Record<State, string> = {
  unscheduled: '◌',
  pending: '◔',
  running: '▶',
  completed: '✓',
  failed: '✕',
  exception: '!',
};

export const REASONS = [
  'completed',
  'failed',
  'claim-expired',
  'worker-shutdown',
  'malformed-payload',
  'resource-unavailable',
  'internal-error',
  'intermittent-task',
  'canceled',
  'deadline-exceeded',
  'superseded',
];

/** From 1. */
export const PRIORITIES = ['', 'lowest', 'very-low', 'low', 'medium', 'high', 'very-high', 'highest'];

/** What needs somebody comes first. */
export const URGENCY = [4, 3, 2, 5, 0, 1];

/** The order in which states are shown: failed, exception, running, pending, unscheduled, completed. */
export const SHOWN_ORDER = [4, 5, 2, 1, 0, 3];

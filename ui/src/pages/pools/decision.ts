/** A decision of the provisioner in words. */
export interface Step {
  name: string;
  value: number;
  formula: string;
  operands: { name: string; value: number }[];
}

interface Launch {
  launch_config: string;
  instances: number;
  score?: { cost?: number; weight?: number };
}

type Limit = string | { 'region-tokens': { provider: string; region: string } };

type Excluded = { launch_config: string; reason: string } & Record<string, string | number | undefined>;

/** As the provisioner writes it; a newer one may write more, and leave out what this one does not. */
export interface Decision {
  demand?: { pending: number; claimed: number; oldest_pending?: string };
  supply?: Record<string, number>;
  steps?: Step[];
  limited_by?: Limit[];
  excluded?: Excluded[];
  launches?: Launch[];
}

export interface Decided {
  decided: string;
  decision: Decision;
}

/** Without a fraction that says nothing. */
export function number(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : '';
}

export function machines(decision: Decision): string {
  const count = (decision.launches ?? []).reduce((sum, it) => sum + it.instances, 0);
  return count === 1 ? '1 machine' : `${count || 'no'} machines`;
}

const LIMITS: Record<string, string> = {
  'pool-paused': 'a pause of the pool',
  'max-capacity': 'maxCapacity',
  'pool-boot-rate': 'the boot rate of the pool',
  'boot-rate': 'the boot rate of all pools',
  'call-size': 'the size of one call; the others follow',
  'launch-configs': 'its launch configs, none of which has room',
  'provider-unavailable': 'its provider, which is not in the settings of the provisioner',
};

/** Why there were not more; empty where there was no need. */
export function limits(decision: Decision): string {
  const words = (it: Limit) =>
    typeof it === 'string' ? (LIMITS[it] ?? it) : `the boot rate of ${it['region-tokens']?.provider} ${it['region-tokens']?.region}`;
  return (decision.limited_by ?? []).map(words).join('; ');
}

export function exclusion(it: Excluded): string {
  const until = String(it.until ?? '').slice(0, 19).replace('T', ' ');
  switch (it.reason) {
    case 'paused':
      return 'is paused';
    case 'archived':
      return 'is archived';
    case 'no-weight':
      return `has the weight ${number(it.weight)}, by errors and what there is of it`;
    case 'at-max-capacity':
      return `has ${number(it.capacity)} of its maxCapacity ${number(it.max)}`;
    case 'breaker-open':
      return `its circuit breaker is open until ${until} (${it.class})`;
    case 'slow-start':
      return `has ${number(it.booting)} machines booting, and may have ${number(it.allowance)} until one works`;
    case 'above-price-limit':
      return `costs ${number(it.price)}, and the limit is ${number(it.limit)}`;
    case 'waits-for-spot':
      return until ? `is on-demand, and waits for spot machines until ${until}` : 'is on-demand, and spot machines are enough';
    case 'no-tokens':
      return 'has a rate limit in its way';
    default:
      return it.reason;
  }
}

export function chosen({ launch_config, instances, score }: Launch): string {
  const why = score?.cost !== undefined ? `, ${number(score.cost)} $ for a useful hour` : score?.weight !== undefined ? `, weight ${number(score.weight)}` : '';
  return `${launch_config} ×${instances}${why}`;
}

/** `90 running, 14 requested`. */
export function labelled(object: Record<string, number> | undefined): string {
  return Object.entries(object ?? {})
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${number(value)} ${name.replaceAll('_', ' ')}`)
    .join(', ');
}

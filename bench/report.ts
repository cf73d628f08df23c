import { availableParallelism, loadavg } from 'node:os';

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** What a bench measured; every file `bench/<name>.ts` exports `measure(): Promise<Measurement>`. */
export interface Measurement {
  readonly bench: string;
  /** Cores, versions, engine, repetitions, connections: what somebody needs to repeat it. */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** Name with its unit (`p95Ms`, `ofBare`) → value. */
  readonly figures: Readonly<Record<string, number>>;
  /** Figure → goal; figures without one are for information. */
  readonly goals: Readonly<Record<string, Goal>>;
}

export interface Report extends Measurement {
  /** Every goal reached. */
  readonly met: boolean;
}

export function judge(measurement: Measurement): Report {
  const met = Object.entries(measurement.goals).every(([name, goal]) => reaches(measurement.figures[name], goal));
  return { ...measurement, met };
}

/** A table for people. */
export function table({ bench, conditions, figures, goals }: Report): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const rows = Object.entries(figures).map(([name, value]) => {
    const goal = goals[name];
    const judged = goal ? `  goal ${words(goal)}: ${reaches(value, goal) ? 'met' : 'MISSED'}` : '';
    return `  ${name.padEnd(width)}  ${String(rounded(value)).padStart(12)}${judged}`;
  });
  const facts = Object.entries(conditions).map(([name, value]) => `${name} ${String(value)}`);
  return `${bench} (${facts.join(', ')})\n${rows.join('\n')}`;
}

/** Facts of the machine that belong into every measurement's conditions. */
export function machine(): { readonly cores: number; readonly load: number; readonly node: string } {
  // the mean of the last minute, the bench's own share included: far above the cores, times say more of the others
  return { cores: availableParallelism(), load: rounded(loadavg()[0] ?? 0), node: process.version };
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank; NaN of nothing. @param percent 0 to 100 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Three digits after the point. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function reaches(value: number | undefined, goal: Goal): boolean {
  if (value === undefined || Number.isNaN(value)) return false;
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}

function words(goal: Goal): string {
  return 'atMost' in goal ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`;
}

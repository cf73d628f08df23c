/** Text for people about codes, times and numbers. */

const WORDS: Readonly<Record<string, string>> = {
  never_deployed: 'never deployed before',
  previous_failed: 'its last run failed',
  config_changed: 'configuration changed',
  code_changed: 'program changed',
  template_changed: 'template changed',
  dependencies_changed: 'dependencies changed',
  upstream_output_changed: 'an output it uses changed',
  aws_value_changed: 'a looked-up value changed',
  account_or_region_changed: 'account or region changed',
  drift_detected: 'drift was found',
  forced: 'forced',
  skip_disabled: 'skipping is off',
  unchanged: 'nothing it depends on changed',
  manual: 'left out on request',
  dependency_failed: 'a stack it needs failed',
  run_stopped: 'the run stopped before its turn',
  cancelled: 'the run was cancelled',
  not_deployed: 'not deployed',
};

export function inWords(code: string): string {
  return WORDS[code] ?? code.replaceAll('_', ' ');
}

/** `in_progress` → `in progress`. */
export function statusWords(status: string): string {
  return status.replaceAll('_', ' ');
}

export function seconds(value: number): string {
  if (value < 60) return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function count(value: number, one: string): string {
  return `${value} ${one}${value === 1 ? '' : 's'}`;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const timeOf = (iso: string): string => clock.format(new Date(iso));
export const dateOf = (iso: string | null): string => (iso ? day.format(new Date(iso)) : 'never');

/** `aws:ec2/vpc:Vpc` → `ec2 Vpc`. */
export function typeWords(type: string): string {
  const match = /^[^:]+:([^:/]+)[^:]*:(.+)$/.exec(type);
  return match ? `${match[1]} ${match[2]}` : type;
}

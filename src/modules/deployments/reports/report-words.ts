import type { RunReason, StackRunRecord } from '../../orchestrator/run-request.js';
import type { Operation, OperationType } from '../operations/operation.js';

/** Codes of a run in words for people. */

export const SKIP_WORDS: Readonly<Record<NonNullable<StackRunRecord['skipReason']>, string>> = {
  unchanged: 'Nothing changed since its last successful run.',
  manual: 'It was asked to be skipped.',
  dependency_failed: 'A stack it needs has failed.',
  run_stopped: 'The run stopped before its turn.',
  cancelled: 'The operation was cancelled before its turn.',
  not_deployed: 'There is nothing of it to work on.',
};

export const REASON_WORDS: Readonly<Record<RunReason, string>> = {
  never_deployed: 'It was never deployed.',
  previous_failed: 'Its last operation did not end well.',
  config_changed: 'Its configuration changed.',
  code_changed: 'Its program changed.',
  template_changed: 'Its stack template changed.',
  dependencies_changed: 'It depends on other stacks than before.',
  upstream_output_changed: 'What it reads from other stacks changed.',
  aws_value_changed: 'What it looks up in the cloud changed.',
  account_or_region_changed: 'It is to stand in another account or region.',
  drift_detected: 'Its resources differ from the recorded state.',
  forced: 'It was asked to run whether something changed or not.',
  skip_disabled: 'Smart skip is switched off.',
};

const DEEDS: Readonly<Record<OperationType, string>> = {
  deploy: 'Deployment',
  'deploy-stack': 'Deployment of one stack',
  destroy: 'Destroy',
  'destroy-stack': 'Destroy of one stack',
  rollback: 'Rollback',
  refresh: 'Refresh',
  'drift-detect': 'Drift detection',
  'drift-fix': 'Repair of drift',
  'state-import': 'State import',
  clone: 'Promotion',
};

/** A drift detection is kept as a run without effect, but it is no preview of anything. */
export function isPreview(operation: Pick<Operation, 'preview' | 'type'>): boolean {
  return operation.preview && operation.type !== 'drift-detect';
}

/** `Deployment`, `Preview: rollback`. */
export function deedOf(operation: Pick<Operation, 'preview' | 'type'>): string {
  const deed = DEEDS[operation.type];
  return isPreview(operation) ? `Preview: ${deed.toLowerCase()}` : deed;
}

/** `1 stack`, `3 stacks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `48 s`, `3 min 5 s`, `1 h 2 min`. */
export function spoken(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

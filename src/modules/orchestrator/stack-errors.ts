import { AppError } from '../../shared/errors/app-error.js';
import { createLog } from '../../shared/kernel/log.js';
import type { ConfigFinding } from './config-check.js';
import type { EngineError, ErrorClass } from './engine.port.js';
import { LookUpFailed } from './placeholders/placeholder.errors.js';
import type { Unresolved } from './placeholders/resolve.js';
import type { RunControl } from './run-control.js';
import type { StackError } from './run-request.js';

/** How a stack fails (deployments.md 7.6); every error says what can be done. */

const log = createLog('orchestrator');

const REMEDIATION: Readonly<Record<ErrorClass, string>> = {
  credentials: 'Check the credentials of the account, then retry.',
  permission: 'Give the deploying role the missing permission, then retry.',
  limit: 'Delete unused resources, request a quota increase, or reuse or change the region.',
  validation: 'Correct the configuration named in the message, then deploy again.',
  placeholder: 'Correct the placeholder or deploy the stack it reads, then deploy again.',
  state_conflict: 'Wait for the other operation on this state, or release its lock.',
  state_corruption: 'Import a state backup or refresh the stack.',
  timeout: 'Look at the resource that was under way, then retry with a longer timeoutSeconds.',
  transient: 'Retry; the cloud answered with a temporary error.',
  resource: 'Correct what the cloud complains about, then deploy again: finished stacks are skipped.',
  cancelled: 'Deploy again: finished stacks are skipped.',
  interrupted: 'Deploy again: finished stacks are skipped.',
  internal: 'Look at the logs of the operation; the cause is ours.',
};

export function fromEngine(error: EngineError): StackError {
  return { ...error, remediation: REMEDIATION[error.class] };
}

/** An exception inside a stack's task: its failure, never that of the run. */
export function fromException(cause: unknown, stack: string): StackError {
  log.error('stack task failed', { error: cause, stack });
  const isCorrupt = cause instanceof AppError && cause.code === 'STATE_INVALID';
  const isTold = cause instanceof AppError && cause.status < 500;
  return stackError(
    isCorrupt ? 'state_corruption' : 'internal',
    isCorrupt ? 'STATE_CORRUPTED' : isTold ? cause.code : 'INTERNAL_ERROR',
    isTold ? cause.message : `${stack} failed for a reason of our own; see the server log`,
  );
}

/** A cloud that refuses to answer comes before values that are missing: it may be the reason for them. */
export function unresolvedError(stack: string, unresolved: readonly Unresolved[]): StackError {
  const refused = unresolved.find(({ problem }) => problem.cause instanceof LookUpFailed);
  const first = refused ?? unresolved[0];
  const failed = first?.problem.cause;
  const more = unresolved.length > 1 ? ` (and ${unresolved.length - 1} more)` : '';
  const message = `${stack}: ${first?.placeholder} at ${first?.path} has no value: ${first?.problem.message}${more}`;
  const [errorClass, code] =
    failed instanceof LookUpFailed
      ? ([failed.failure, failed.code] as const)
      : (['placeholder', 'UNRESOLVABLE_PLACEHOLDER'] as const);
  return stackError(errorClass, code, message, {
    stack,
    path: first?.path,
    placeholder: first?.placeholder,
    ruleId: first?.problem.ruleId,
    placeholders: unresolved.map(({ placeholder, path, problem }) => ({
      placeholder,
      path,
      ruleId: problem.ruleId,
      message: problem.message,
    })),
  });
}

export function configError(stack: string, findings: readonly ConfigFinding[]): StackError {
  const message = `${stack}: ${findings.map((finding) => finding.message).join('; ')}`;
  return stackError('validation', findings[0]?.ruleId ?? 'CFG-002', message, { stack, findings });
}

export function missingOutputs(stack: string, outputs: readonly string[]): StackError {
  const message = `${stack} ran, but did not export ${outputs.join(', ')}`;
  return stackError('validation', 'MISSING_OUTPUT', message, { ruleId: 'RUN-002', outputs });
}

export function timeoutError(stack: string, timeoutMs: number): StackError {
  const message = `${stack} did not end within ${Math.round(timeoutMs / 1000)} s`;
  return stackError('timeout', 'STACK_TIMEOUT', message, { timeoutSeconds: Math.round(timeoutMs / 1000) });
}

export function stoppedError(stack: string, control: RunControl): StackError {
  if (control.timedOut)
    return stackError('timeout', 'OPERATION_TIMEOUT', `${stack} was stopped: the operation ran too long`);
  const by = control.cancel?.by ? ` by ${control.cancel.by}` : '';
  return stackError('cancelled', 'OPERATION_CANCELLED', `${stack} was stopped: the operation was cancelled${by}`);
}

export function stackError(
  errorClass: ErrorClass,
  code: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): StackError {
  return {
    class: errorClass,
    code,
    message,
    retryable: errorClass === 'transient',
    remediation: REMEDIATION[errorClass],
    ...(details ? { details } : {}),
  };
}

/** Stands for a secret wherever it is told. */
export const MASK = '***';

/** Replaces secret texts; for messages and logs that come from programs and clouds. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** Texts of secret values that are long enough to be told from ordinary words. */
export function secretTexts(config: {
  readonly values: Readonly<Record<string, unknown>>;
  readonly secretKeys: readonly string[];
}): string[] {
  const collect = (value: unknown): string[] => {
    if (typeof value === 'string') return value.length >= 6 ? [value] : [];
    return value !== null && typeof value === 'object' ? Object.values(value).flatMap(collect) : [];
  };
  return config.secretKeys.flatMap((key) => collect(config.values[key])).sort((a, b) => b.length - a.length);
}

import { isFinal, type Operation } from '../operations/operation.js';
import type { OperationReport } from './operation-report.js';

/**
 * What is left for a person after an operation, most urgent first:
 * what a rollback could not undo → what failed and its remedy → how to go on → what else stands out of step.
 */
export function leftByHand(operation: Operation, report: OperationReport): string[] {
  return [
    ...new Set([...unresolved(report), ...remedies(report), ...waysOn(operation, report), ...loose(operation, report)]),
  ];
}

function unresolved({ rollback }: OperationReport): string[] {
  if (!rollback) return [];
  const broken = rollback.failed.map(
    (stack) => `Put ${stack} right by hand: its rollback failed, and what it needs was left untouched.`,
  );
  const lost = rollback.irreversible.map(({ stack, urn, why }) => `Not restored in ${stack}: ${urn} (${why})`);
  return [...broken, ...lost];
}

function remedies({ errors }: OperationReport): string[] {
  return errors.flatMap(({ stack, remediation }) =>
    remediation === null ? [] : [stack === null ? remediation : `${stack}: ${remediation}`],
  );
}

function waysOn(operation: Operation, report: OperationReport): string[] {
  const { deploymentId, operationId, environment } = operation;
  const at = `/api/v1/deployments/${deploymentId}`;
  const retry = `Retry what is left: POST ${at}/operations/${operationId}/retry`;
  const ways: string[] = [];
  if (operation.resumable || (isFinal(operation) && operation.status === 'cancelled' && !report.preview))
    ways.push(retry);
  if (report.rollback?.state === 'offered') {
    ways.push(`Or go back to the version before: POST ${at}/rollback {"environment": "${environment}"}`);
  }
  if (operation.paused && !isFinal(operation)) {
    ways.push(`Let it go on: POST ${at}/operations/${operationId}/resume (paused by ${operation.paused.by})`);
  }
  return ways;
}

function loose(operation: Operation, { stacks, rollback }: OperationReport): string[] {
  const at = `/api/v1/deployments/${operation.deploymentId}`;
  const drift = stacks.flatMap((stack) => stack.drift ?? []);
  const isSimple = drift.every(({ repair }) => repair === 'update');
  const stale = operation.staleDependents ?? [];
  return [
    ...(drift.length > 0 && isSimple ? [`Put the drift right: POST ${at}/drift-fix`] : []),
    ...(drift.length > 0 && !isSimple
      ? ['Review the drift: putting it right would replace or make resources anew, which only a deployment does.']
      : []),
    ...(stale.length > 0 ? [`Deploy what reads from ${operation.stack}: ${stale.join(', ')}`] : []),
    ...(operation.type === 'rollback' && rollback?.state === 'done'
      ? ['Edit the manifest where it still says what was rolled back: the next deployment applies it again.']
      : []),
  ];
}

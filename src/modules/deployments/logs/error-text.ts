import type { LogRecord } from './log-record.js';
import { textOf } from './log-text.js';

/** What a failing event says beside its sentence; see `ErrorBrief` and `briefOf` of the orchestrator. */
interface Failure {
  readonly code?: string;
  readonly details?: {
    readonly class?: string;
    readonly urn?: string;
    readonly resourceType?: string;
    readonly resourceName?: string;
    readonly cloudCode?: string;
    readonly remediation?: string;
  };
}

/** An error as it stands in `error-<operation>-….log`: what happened, where, the error taken apart, and the way out. */
export function errorText(line: LogRecord): string {
  const { code, details } = (line.metadata['error'] ?? {}) as Failure;
  const resource = details?.resourceType ? `${details.resourceType} (${details.resourceName ?? ''})` : null;
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['Deployment', line.deploymentId],
    ['Environment', line.environment],
    ['Stack', line.stack],
    ['Operation', line.operationId ? `${line.operationId} (${line.operation})` : null],
    ['Resource', resource],
    ['URN', details?.urn],
    ['Code', code],
    ['Class', details?.class],
    ['Cloud code', details?.cloudCode],
    ['Solution', details?.remediation],
  ];
  const told = rows.flatMap(([name, value]) => (value ? [`  ${name}: ${value}`] : []));
  return textOf({ ...line, message: [line.message, ...told].join('\n') });
}

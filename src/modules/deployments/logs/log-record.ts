import { lineOf, LOG_LEVELS, type LogLevel, logTypeOf } from '../../../shared/events/event-line.js';
import type { StoredEvent } from '../../../shared/events/events.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { textOf } from './log-text.js';

/** What logs are written by: the initialisation, and operations by family (a promotion is a deploy). */
export const LOG_TYPES = [
  'init',
  'deploy',
  'destroy',
  'rollback',
  'refresh',
  'drift-detect',
  'drift-fix',
  'state-import',
] as const;
export type LogType = (typeof LOG_TYPES)[number];

/** One line of a deployment's log (deployments.md 11): an event of the run, told as a sentence. */
export interface LogRecord {
  /** Of its event. */
  readonly id: string;
  readonly organization: string;
  readonly deploymentId: string;
  /** null = of the initialisation. */
  readonly environment: EnvironmentName | null;
  readonly stack: string | null;
  readonly operationId: string | null;
  /** As the operation is called, e.g. `deploy-stack`; `init`. */
  readonly operation: string;
  readonly type: LogType;
  /** Of its event: order in the organization, and the place to go on from on any channel. */
  readonly position: number;
  readonly timestamp: Date;
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of its text in a file, line break included. */
  readonly bytes: number;
}

/** Which lines; every given part must match. */
export interface LogFilter {
  readonly deploymentId: string;
  readonly operationIds?: readonly string[];
  readonly environments?: readonly EnvironmentName[];
  /** With `environments`: also lines of no environment. */
  readonly orNoEnvironment?: boolean;
  readonly stacks?: readonly string[];
  readonly component?: string;
  readonly types?: readonly LogType[];
  /** This one and above. Default: all. */
  readonly level?: LogLevel;
  /** Inclusive. */
  readonly from?: Date;
  /** Inclusive. */
  readonly to?: Date;
  /** Literal, in any case. */
  readonly search?: string;
}

/** null = the event is no line. */
export function toLogRecord(event: StoredEvent): LogRecord | null {
  const line = lineOf(event);
  const { organization, deploymentId, environment, operationId, operationType } = event.scope;
  if (!line || !deploymentId || !operationType) return null;
  const told = { ...line, timestamp: event.timestamp };
  return {
    id: event.id,
    organization,
    deploymentId,
    environment: environment ?? null,
    stack: event.stack ?? stackOf(line.metadata),
    operationId: operationId ?? null,
    operation: operationType,
    type: logTypeOf(operationType) as LogType,
    position: event.position,
    ...told,
    bytes: Buffer.byteLength(textOf(told)),
  };
}

/** A line may be about a stack that has no part in its event, as those of a plan are. */
function stackOf({ stack }: Readonly<Record<string, unknown>>): string | null {
  return typeof stack === 'string' ? stack : null;
}

export function levelsFrom(level: LogLevel): readonly LogLevel[] {
  return LOG_LEVELS.slice(LOG_LEVELS.indexOf(level));
}

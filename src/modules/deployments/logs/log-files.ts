import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import type { LogVolume } from './deployment-logs.repository.js';
import { LOG_TYPES, type LogType } from './log-record.js';

/** A log as a file: what it is called and which lines are in it (deployments.md 11, api.md 6.4). */

/** What the name of a file says. */
export type LogFileName =
  | { readonly kind: 'init' }
  | {
      readonly kind: 'operation';
      readonly type: LogType;
      readonly environment: EnvironmentName;
      readonly begunAt: Date;
    }
  | { readonly kind: 'stack'; readonly stack: string; readonly environment: EnvironmentName; readonly begunAt: Date }
  | { readonly kind: 'error'; readonly type: LogType; readonly begunAt: Date };

export interface LogFile {
  readonly name: string;
  readonly type: LogType | 'stack' | 'error';
  readonly environment: EnvironmentName | null;
  readonly stack: string | null;
  /** Which operations wrote into it; more than one where they began in the same second. */
  readonly operationIds: readonly string[];
  /** null of an error file: it is made from few lines, see `errorText`. */
  readonly sizeBytes: number | null;
  readonly createdAt: Date;
}

const TYPES = LOG_TYPES.filter((type) => type !== 'init');
const STAMP = String.raw`(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})\.log`;
const ERROR_FILE = new RegExp(`^error-(${TYPES.join('|')})-${STAMP}$`);
const FILE = new RegExp(`^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)-(${ENVIRONMENTS.join('|')})-${STAMP}$`);

/** `YYYYMMDD-HHmmss`, UTC. */
export function fileStamp(at: Date): string {
  return at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** null when no log file is called so. */
export function parseFileName(name: string): LogFileName | null {
  if (name === 'init.log') return { kind: 'init' };
  const [, failed, ...failedAt] = ERROR_FILE.exec(name) ?? [];
  if (failed) return dated(failedAt, (begunAt) => ({ kind: 'error', type: failed as LogType, begunAt }));
  const [, subject = '', place, ...at] = FILE.exec(name) ?? [];
  if (!place) return null;
  const environment = place as EnvironmentName;
  return dated(at, (begunAt) =>
    TYPES.includes(subject as (typeof TYPES)[number])
      ? { kind: 'operation', type: subject as LogType, environment, begunAt }
      : { kind: 'stack', stack: subject, environment, begunAt },
  );
}

function dated(parts: readonly string[], of: (at: Date) => LogFileName): LogFileName | null {
  const [year, month, day, hour, minute, second] = parts;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at.getTime()) || fileStamp(at) !== `${year}${month}${day}-${hour}${minute}${second}`
    ? null
    : of(at);
}

/**
 * The files that a deployment's log comes to, newest first: one for the initialisation; for each operation one with its lines of
 * level info and above, one for each stack that ran in it with all its lines, and one with its errors when it had any. The time in
 * a name is that of the operation's (the stack's) first line.
 */
export function filesOf(volumes: readonly LogVolume[]): readonly LogFile[] {
  const operations = new Map<string | null, LogVolume[]>();
  for (const volume of volumes)
    operations.set(volume.operationId, [...(operations.get(volume.operationId) ?? []), volume]);
  const files = new Map<string, LogFile>();
  for (const parts of operations.values()) {
    for (const file of filesOfOperation(parts)) {
      const same = files.get(file.name);
      files.set(file.name, same ? together(same, file) : file);
    }
  }
  return [...files.values()].sort(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.name < b.name ? -1 : 1),
  );
}

function filesOfOperation(parts: readonly LogVolume[]): LogFile[] {
  const [first] = parts;
  if (!first) return [];
  const { operationId, type, environment } = first;
  const createdAt = new Date(Math.min(...parts.map(({ firstAt }) => firstAt.getTime())));
  const whole = { environment, stack: null, operationIds: operationId === null ? [] : [operationId], createdAt };
  const infoBytes = sum(parts, (part) => part.infoBytes);
  if (operationId === null) return [{ ...whole, name: 'init.log', type: 'init', sizeBytes: infoBytes }];
  const stamp = fileStamp(createdAt);
  const errors = sum(parts, (part) => part.errors);
  return [
    { ...whole, name: `${type}-${environment}-${stamp}.log`, type, sizeBytes: infoBytes },
    ...parts
      .filter(({ isStack }) => isStack)
      .map(({ component, bytes, firstAt }): LogFile => ({
        ...whole,
        name: `${component}-${environment}-${fileStamp(firstAt)}.log`,
        type: 'stack',
        stack: component,
        sizeBytes: bytes,
        createdAt: firstAt,
      })),
    ...(errors > 0 ? [{ ...whole, name: `error-${type}-${stamp}.log`, type: 'error' as const, sizeBytes: null }] : []),
  ];
}

function together(a: LogFile, b: LogFile): LogFile {
  return {
    ...a,
    environment: a.environment === b.environment ? a.environment : null,
    operationIds: [...a.operationIds, ...b.operationIds],
    sizeBytes: a.sizeBytes === null || b.sizeBytes === null ? null : a.sizeBytes + b.sizeBytes,
  };
}

function sum(parts: readonly LogVolume[], of: (part: LogVolume) => number): number {
  return parts.reduce((total, part) => total + of(part), 0);
}

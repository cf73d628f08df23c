import { CommandError, writeConflict } from './gateway.errors.js';

/**
 * DocumentDB's own states (five characters, `M…`) that have a general meaning, with MongoDB's code and name. The others
 * stand for one faulty operator or argument each and become BadValue, their text says which.
 */
const STATES: Readonly<Record<string, readonly [number, string]>> = {
  M0000: [1, 'InternalError'],
  M0001: [2, 'BadValue'],
  M0002: [5, 'GraphContainsCycle'],
  M0003: [9, 'FailedToParse'],
  M0004: [14, 'TypeMismatch'],
  M0005: [15, 'Overflow'],
  M0006: [20, 'IllegalOperation'],
  M0008: [26, 'NamespaceNotFound'],
  M0009: [27, 'IndexNotFound'],
  M000A: [28, 'PathNotViable'],
  M000D: [40, 'ConflictingUpdateOperators'],
  M000E: [43, 'CursorNotFound'],
  M000F: [48, 'NamespaceExists'],
  M000G: [52, 'DollarPrefixedFieldName'],
  M000J: [56, 'EmptyFieldName'],
  M000K: [57, 'DottedFieldName'],
  M000M: [66, 'ImmutableField'],
  M000N: [67, 'CannotCreateIndex'],
  M000O: [68, 'IndexAlreadyExists'],
  M000P: [72, 'InvalidOptions'],
  M000Q: [73, 'InvalidNamespace'],
  M000R: [85, 'IndexOptionsConflict'],
  M000S: [86, 'IndexKeySpecsConflict'],
  M000U: [115, 'CommandNotSupported'],
  M000W: [146, 'ExceededMemoryLimit'],
  M0012: [197, 'InvalidIndexSpecificationOption'],
  M0013: [224, 'QueryFeatureNotAllowed'],
  M0015: [241, 'ConversionFailure'],
  M0016: [263, 'OperationNotSupportedInTransaction'],
  M0018: [291, 'NoQueryExecutionPlans'],
  M001B: [10334, 'BSONObjectTooLarge'],
  M001C: [11000, 'DuplicateKey'],
  M007U: [40324, 'Location40324'],
  M0088: [40415, 'Location40415'],
  M00CO: [121, 'DocumentValidationFailure'],
  M00DO: [16, 'InvalidLength'],
  M00EX: [50, 'MaxTimeMSExpired'],
  M00EY: [59, 'CommandNotFound'],
  M00F1: [112, 'WriteConflict'],
  '23505': [11000, 'DuplicateKey'],
  '23P01': [11000, 'DuplicateKey'],
  '40001': [112, 'WriteConflict'],
  '40P01': [112, 'WriteConflict'],
  '55P03': [112, 'WriteConflict'],
  '57014': [50, 'MaxTimeMSExpired'],
  '53100': [14031, 'OutOfDiskSpace'],
};

/** States that mean: this connection is over, the server restarts or stops. */
const LOST = /^(08...|57P0[123])$/;

export function meaningOf(state: string): readonly [number, string] {
  return STATES[state] ?? (/^M0/.test(state) ? [2, 'BadValue'] : [1, 'InternalError']);
}

/** DocumentDB packs a state into an integer: six bits a character, low bits first, each character offset by 48. */
export function unpackState(packed: number): string {
  return [0, 6, 12, 18, 24].map((shift) => String.fromCharCode(((packed >>> shift) & 63) + 48)).join('');
}

export interface ServerError {
  readonly code?: string;
  readonly message: string;
  readonly detail?: string;
  readonly constraint?: string;
}

export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as ServerError;
  if (code && /^[0-9A-Z]{5}$/.test(code)) return LOST.test(code);
  return /terminat|ECONN|EPIPE|ENOENT|closed|not queryable/i.test(`${code ?? ''} ${error.message}`);
}

/** Duplicate keys are described further by duplicate-key.ts, which knows the index. */
export function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { code = '', message } = error as ServerError;
  if (isLostConnection(error)) {
    return new CommandError(6, 'HostUnreachable', `the database process is not there: ${message}`, {
      labels: ['RetryableWriteError'],
    });
  }
  const [number, name] = meaningOf(code);
  return number === 112 ? writeConflict() : new CommandError(number, name, message);
}

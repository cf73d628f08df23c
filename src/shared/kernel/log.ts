import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger as Pino } from 'pino';
import { currentContext } from '../http/request-context.js';

export type LogFields = Readonly<Record<string, unknown>>;

/** Fixed message plus fields, never ids inside the text. JSON lines; request and correlation id come by themselves. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` is the error object, always given. */
  error(message: string, fields: LogFields & { readonly error: unknown }): void;
}

const REDACTED = ['password', 'token', 'accessToken', 'refreshToken', 'apiKey', 'secret', 'authorization', 'mfaCode'];

let root: Pino = create('info', false);

/** Called once at start with LOG_LEVEL; logs go to stdout, or to stderr when stdout carries JSON for a program. */
export function configureLog(level: string, toStderr = false): void {
  root = create(level, toStderr);
}

export function createLog(module: string): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}): void => {
    if (!root.isLevelEnabled(level)) return;
    const { error, ...rest } = fields;
    root[level]({ module, ...rest, ...(error === undefined ? {} : { err: error }) }, message);
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}

/** Nest's own messages in the same stream: start-up chatter is debug, problems keep their level. */
export class NestLog implements LoggerService {
  readonly #log = createLog('nest');
  log(message: unknown, context?: string): void {
    this.#log.debug(String(message), { context });
  }
  warn(message: unknown, context?: string): void {
    this.#log.warn(String(message), { context });
  }
  error(message: unknown, stack?: string, context?: string): void {
    this.#log.error(String(message), { error: stack ?? message, context });
  }
  debug(message: unknown, context?: string): void {
    this.#log.debug(String(message), { context });
  }
}

function create(level: string, toStderr: boolean): Pino {
  const destination: DestinationStream = pino.destination({ dest: toStderr ? 2 : 1, sync: false, minLength: 0 });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED.flatMap((key) => [key, `*.${key}`]), censor: '***' },
      serializers: { err: pino.stdSerializers.err },
      mixin: () => {
        const context = currentContext();
        return context ? { request_id: context.requestId, correlation_id: context.correlationId } : {};
      },
    },
    destination,
  );
}

import type { LoggerService } from '@nestjs/common';
import { pino, stdSerializers, type Logger as Pino } from 'pino';
import { currentContext } from '../http/request-context.js';
import { prettyLine, redacted } from './log-line.js';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Fixed message plus fields, never ids inside the text. A line is `{level, timestamp, message, context: {module, event?, request_id?,
 * …fields}}`; a message that is the name of an event stands in `event` too. Request and correlation id come by themselves.
 */
export interface Log {
  /** For fields that cost something to find out. */
  isOn(level: 'debug' | 'info'): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` is the error object, always given. */
  error(message: string, fields: LogFields & { readonly error: unknown }): void;
}

/**
 * Lines wait for so many bytes or so many ms, whichever comes first: a write for each line cost a request 10 % of its time
 * (bench `heartbeat`). Warnings and errors leave at once, with all that was before them; at the end of the process everything does.
 */
const BATCH_BYTES = 16_000;
const BATCH_MS = 100;

let destination = destinationOf(false);
let root: Pino = create({ level: 'info', toStderr: false, format: 'json' });

export interface LogOptions {
  readonly level: string;
  /** Where stdout carries JSON for a program. */
  readonly toStderr: boolean;
  readonly format: 'json' | 'pretty';
}

/** Called once at start with the settings of the process. */
export function configureLog(options: LogOptions): void {
  destination.end();
  destination = destinationOf(options.toStderr);
  root = create(options);
}

export function createLog(module: string): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}): void => {
    if (!root.isLevelEnabled(level)) return;
    const { error, ...rest } = fields;
    const request = currentContext();
    const context: Record<string, unknown> = { module };
    if (!message.includes(' ')) context['event'] = message;
    if (request) {
      context['request_id'] = request.requestId;
      if (request.correlationId !== request.requestId) context['correlation_id'] = request.correlationId;
    }
    Object.assign(context, rest);
    if (error !== undefined) context['error'] = error instanceof Error ? stdSerializers.err(error) : error;
    root[level]({ context }, message);
    if (level === 'warn' || level === 'error') destination.flush();
  };
  return {
    isOn: (level) => root.isLevelEnabled(level),
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

function destinationOf(toStderr: boolean): ReturnType<typeof pino.destination> {
  return pino.destination({ dest: toStderr ? 2 : 1, sync: false, minLength: BATCH_BYTES, periodicFlush: BATCH_MS });
}

function create({ level, format }: LogOptions): Pino {
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      hooks: { streamWrite: (line) => (format === 'pretty' ? prettyLine(redacted(line)) : redacted(line)) },
    },
    destination,
  );
}

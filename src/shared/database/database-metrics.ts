import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent } from 'mongodb';
import type { Connection } from 'mongoose';
import { Metrics } from '../metrics/metrics.js';

/** Commands that carry the name of their collection under their own name. */
const TIMED: ReadonlySet<string> = new Set([
  'find',
  'findAndModify',
  'insert',
  'update',
  'delete',
  'aggregate',
  'count',
  'distinct',
]);

type Ended = Pick<CommandSucceededEvent | CommandFailedEvent, 'requestId' | 'commandName' | 'duration'>;

/** `database_query_duration_ms`, from the driver's own command events: no repository knows of it. */
@Injectable()
export class DatabaseMetrics implements OnModuleInit, OnModuleDestroy {
  /** Collections of the commands on their way, by request id. */
  readonly #running = new Map<number, string>();

  constructor(
    @InjectConnection() private readonly connection: Connection,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.connection
      .getClient()
      .on('commandStarted', this.#started)
      .on('commandSucceeded', this.#ended)
      .on('commandFailed', this.#ended);
  }

  onModuleDestroy(): void {
    this.connection
      .getClient()
      .off('commandStarted', this.#started)
      .off('commandSucceeded', this.#ended)
      .off('commandFailed', this.#ended);
  }

  readonly #started = ({ requestId, commandName, command }: CommandStartedEvent): void => {
    if (TIMED.has(commandName)) this.#running.set(requestId, String(command[commandName]));
  };

  readonly #ended = ({ requestId, commandName, duration }: Ended): void => {
    const collection = this.#running.get(requestId);
    if (collection === undefined) return;
    this.#running.delete(requestId);
    this.metrics.observe('database_query_duration_ms', { collection, operation: commandName }, duration);
  };
}

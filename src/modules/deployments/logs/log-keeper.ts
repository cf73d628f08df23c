import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { EventBus } from '../../../shared/events/event-bus.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { DeploymentLogsRepository } from './deployment-logs.repository.js';
import { toLogRecord } from './log-record.js';

const DAY_MS = 86_400_000;

/**
 * Keeps the log of deployments: every event of a run is stored as a line too, in the transaction that stores the event. So a line
 * is there if and only if what it tells has happened, a taken-over operation goes on in its log, and a run waits for nothing more
 * than it does for its events. Events expire; lines stay as long as the deployment does, and LOG_RETENTION_DAYS longer.
 */
@Injectable()
export class LogKeeper implements OnModuleInit {
  constructor(
    private readonly eventLog: EventLog,
    private readonly bus: EventBus,
    private readonly logs: DeploymentLogsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.eventLog.withStored((events) => this.logs.insert(events.flatMap((event) => toLogRecord(event) ?? [])));
    this.bus.on(['deployment_deleted'], async ({ scope }) => {
      const expiresAt = new Date(this.clock.now().getTime() + this.config.retention.logDays * DAY_MS);
      await this.logs.expire(scope.deploymentId ?? '', expiresAt);
    });
  }
}

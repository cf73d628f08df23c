import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { EventsRepository } from '../../../shared/events/events.repository.js';
import { Access } from '../../../shared/http/access.port.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Metrics } from '../../../shared/metrics/metrics.js';
import { Authenticator } from '../../auth/authenticator.service.js';
import { ChannelReads } from '../channel.reads.js';
import { SnapshotSource } from '../snapshot-source.js';
import type { ConnectionDeps } from './connection.js';
import { ConnectionQuota } from './connection-quota.js';
import { OrganizationTails } from './organization-tails.js';

/** What every connection works with, gathered once. */
@Injectable()
export class SocketDeps implements ConnectionDeps {
  readonly quota = new ConnectionQuota();
  readonly retentionDays: number;

  constructor(
    readonly events: EventsRepository,
    readonly tails: OrganizationTails,
    readonly reads: ChannelReads,
    readonly snapshots: SnapshotSource,
    readonly access: Access,
    readonly authenticator: Authenticator,
    readonly metrics: Metrics,
    readonly clock: Clock,
    config: Config,
  ) {
    this.retentionDays = config.retention.eventDays;
  }
}

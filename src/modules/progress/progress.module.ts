import { Module } from '@nestjs/common';
import { MetricsModule } from '../../shared/metrics/metrics.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { ChannelReads } from './channel.reads.js';
import { ProgressController } from './progress.controller.js';
import { ProgressGateway } from './progress.gateway.js';
import { ProgressService } from './progress.service.js';
import { SnapshotSource, StoredSnapshots } from './snapshot-source.js';
import { OrganizationTails } from './socket/organization-tails.js';
import { SocketDeps } from './socket/socket-deps.js';
import { UpgradeController } from './upgrade.controller.js';

@Module({
  imports: [AuthModule, MetricsModule],
  controllers: [ProgressController, UpgradeController],
  providers: [
    ProgressGateway,
    ProgressService,
    ChannelReads,
    SocketDeps,
    OrganizationTails,
    { provide: SnapshotSource, useClass: StoredSnapshots },
  ],
})
export class ProgressModule {}

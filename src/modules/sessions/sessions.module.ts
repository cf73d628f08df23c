import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../../shared/config/config.js';
import { IdempotencyModule } from '../../shared/http/idempotency.module.js';
import { JobTimers } from '../../shared/job-timers.js';
import { MachinesModule } from '../machines/machines.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { BeatHints } from './beat-hints.js';
import { CurrentTaskListener } from './current-task.listener.js';
import { Abandonment } from './detection/abandonment.js';
import { DetectionRepository } from './detection/detection.repository.js';
import { FailureDetection } from './detection/failure-detection.js';
import { FailureDetectionController } from './detection/failure-detection.controller.js';
import { IngestionHooks } from './detection/ingestion.hooks.js';
import { IngestionRepository } from './detection/ingestion.repository.js';
import { INGESTION, ingestionSchema } from './detection/ingestion.schema.js';
import { IngestionWatch } from './detection/ingestion-watch.js';
import { StallDetection } from './detection/stall-detection.js';
import { HeartbeatsService, HeartbeatTools } from './heartbeats.service.js';
import { RecoveryController } from './recovery/recovery.controller.js';
import { RecoveryRepository } from './recovery/recovery.repository.js';
import { RecoveryOutcome } from './recovery/recovery-outcome.js';
import { RecoveryService, RecoveryTools } from './recovery/recovery.service.js';
import { RecoveryViewsService } from './recovery/recovery-views.service.js';
import { Cleanup, CleanupTools } from './retention/cleanup.js';
import { Consistency, ConsistencyTools } from './retention/consistency.js';
import { RetentionController } from './retention/retention.controller.js';
import { RetentionRepository } from './retention/retention.repository.js';
import { RetentionService, RetentionTools } from './retention/retention.service.js';
import { SessionTaskReads } from './retention/task.reads.js';
import { SessionClosing } from './session-closing.js';
import { SessionConflicts } from './session-conflicts.js';
import { SessionFront } from './session-front.js';
import { SessionLogListener } from './session-log.listener.js';
import { SessionSlotsController } from './session-slots.controller.js';
import { SessionSlotsService } from './session-slots.service.js';
import { SessionViewsController } from './session-views.controller.js';
import { SessionViewsRepository } from './session-views.repository.js';
import { SessionViewsService } from './session-views.service.js';
import { SESSIONS, sessionSchema } from './session.schema.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsJobs, SessionWorks } from './sessions.jobs.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService, SessionTools } from './sessions.service.js';

const SECONDS_A_DAY = 86_400;

@Module({
  imports: [
    IdempotencyModule,
    TasksModule,
    MachinesModule,
    MongooseModule.forFeatureAsync([
      {
        name: SESSIONS,
        inject: [Config],
        useFactory: ({ sessions }: Config) =>
          sessionSchema((sessions.retentionDays + sessions.ttlGraceDays) * SECONDS_A_DAY),
      },
    ]),
    MongooseModule.forFeature([{ name: INGESTION, schema: ingestionSchema }]),
  ],
  controllers: [
    SessionsController,
    SessionViewsController,
    SessionSlotsController,
    FailureDetectionController,
    RecoveryController,
    RetentionController,
  ],
  providers: [
    SessionsRepository,
    SessionViewsRepository,
    SessionClosing,
    SessionConflicts,
    SessionsService,
    SessionTools,
    HeartbeatsService,
    HeartbeatTools,
    BeatHints,
    SessionFront,
    SessionViewsService,
    SessionSlotsService,
    CurrentTaskListener,
    SessionLogListener,
    // detection of failures
    DetectionRepository,
    IngestionRepository,
    IngestionWatch,
    IngestionHooks,
    StallDetection,
    FailureDetection,
    Abandonment,
    // recovery
    RecoveryRepository,
    RecoveryService,
    RecoveryTools,
    RecoveryOutcome,
    RecoveryViewsService,
    // archive, cleanup, consistency
    RetentionRepository,
    RetentionService,
    RetentionTools,
    Cleanup,
    CleanupTools,
    Consistency,
    ConsistencyTools,
    SessionTaskReads,
    // jobs
    JobTimers,
    SessionWorks,
    SessionsJobs,
  ],
})
export class SessionsModule implements OnModuleInit {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly ingestion: IngestionRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.sessions.prepare();
    await this.ingestion.prepare();
  }
}

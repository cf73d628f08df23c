import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../../shared/config/config.js';
import { IdempotencyModule } from '../../shared/http/idempotency.module.js';
import { MachinesModule } from '../machines/machines.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { BeatHints } from './beat-hints.js';
import { CurrentTaskListener } from './current-task.listener.js';
import { HeartbeatsService, HeartbeatTools } from './heartbeats.service.js';
import { SessionClosing } from './session-closing.js';
import { SessionConflicts } from './session-conflicts.js';
import { SessionLogListener } from './session-log.listener.js';
import { SessionSlotsController } from './session-slots.controller.js';
import { SessionSlotsService } from './session-slots.service.js';
import { SessionViewsController } from './session-views.controller.js';
import { SessionViewsRepository } from './session-views.repository.js';
import { SessionViewsService } from './session-views.service.js';
import { SESSIONS, sessionSchema } from './session.schema.js';
import { SessionsController } from './sessions.controller.js';
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
  ],
  controllers: [SessionsController, SessionViewsController, SessionSlotsController],
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
    SessionViewsService,
    SessionSlotsService,
    CurrentTaskListener,
    SessionLogListener,
  ],
})
export class SessionsModule implements OnModuleInit {
  constructor(private readonly sessions: SessionsRepository) {}

  async onModuleInit(): Promise<void> {
    await this.sessions.prepare();
  }
}

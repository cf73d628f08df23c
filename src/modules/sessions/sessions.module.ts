import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../../shared/config/config.js';
import { MachinesModule } from '../machines/machines.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { SessionClosing } from './session-closing.js';
import { SESSIONS, sessionSchema } from './session.schema.js';
import { SessionsRepository } from './sessions.repository.js';

const SECONDS_A_DAY = 86_400;

@Module({
  imports: [
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
  providers: [SessionsRepository, SessionClosing],
})
export class SessionsModule implements OnModuleInit {
  constructor(private readonly sessions: SessionsRepository) {}

  async onModuleInit(): Promise<void> {
    await this.sessions.prepare();
  }
}

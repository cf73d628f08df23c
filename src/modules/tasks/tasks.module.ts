import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../../shared/config/config.js';
import { IdempotencyModule } from '../../shared/http/idempotency.module.js';
import { SESSIONS_OF_TASKS, sessionsOfTasksSchema, TaskSessionReads } from './session.reads.js';
import { TASKS, taskSchema } from './task.schema.js';
import { TasksController } from './tasks.controller.js';
import { TasksRepository } from './tasks.repository.js';
import { TasksService } from './tasks.service.js';

@Module({
  imports: [
    IdempotencyModule,
    MongooseModule.forFeatureAsync([
      {
        name: TASKS,
        inject: [Config],
        useFactory: ({ sessions }: Config) => taskSchema((sessions.retentionDays + sessions.ttlGraceDays) * 86_400),
      },
    ]),
    MongooseModule.forFeature([{ name: SESSIONS_OF_TASKS, schema: sessionsOfTasksSchema }]),
  ],
  controllers: [TasksController],
  providers: [TasksRepository, TaskSessionReads, TasksService],
  exports: [TasksService],
})
export class TasksModule implements OnModuleInit {
  constructor(private readonly tasks: TasksRepository) {}

  async onModuleInit(): Promise<void> {
    await this.tasks.prepare();
  }
}

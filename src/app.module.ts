import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { engineOptions } from './engine.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { DeploymentsModule } from './modules/deployments/deployments.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { MachinesModule } from './modules/machines/machines.module.js';
import { OrchestratorModule } from './modules/orchestrator/orchestrator.module.js';
import { ProgressModule } from './modules/progress/progress.module.js';
import { SessionsModule } from './modules/sessions/sessions.module.js';
import { StacksModule } from './modules/stacks/stacks.module.js';
import { TasksModule } from './modules/tasks/tasks.module.js';
import { WorkspacesModule } from './modules/workspaces/workspaces.module.js';
import { TemplatesModule } from './modules/templates/templates.module.js';
import type { Config } from './shared/config/config.js';
import { ConfigModule } from './shared/config/config.module.js';
import { DatabaseModule } from './shared/database/database.module.js';
import { EventsModule } from './shared/events/events.module.js';
import { FrontModule } from './shared/http/front/front.module.js';

/** Table of contents: modules in dependency order. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule,
        EventsModule,
        FrontModule,
        ...(config.server.schedulerOn ? [ScheduleModule.forRoot()] : []),
        AuthModule,
        TemplatesModule,
        StacksModule,
        OrchestratorModule.with(engineOptions(config)),
        MachinesModule,
        TasksModule,
        SessionsModule,
        WorkspacesModule,
        DeploymentsModule,
        ProgressModule,
        HealthModule,
      ],
    };
  }
}

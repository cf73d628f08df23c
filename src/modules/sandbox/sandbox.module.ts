import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { SandboxCloud } from '../../../tools/sandbox-cloud/sandbox-cloud.js';
import { Config } from '../../shared/config/config.js';
import { Clock } from '../../shared/kernel/clock.js';
import { SandboxController } from './sandbox.controller.js';
import { SandboxRepository } from './sandbox.repository.js';
import {
  SANDBOX_COUNTERS,
  SANDBOX_RESOURCES,
  SANDBOX_SETTINGS,
  sandboxCounterSchema,
  sandboxResourceSchema,
  sandboxSettingsSchema,
} from './sandbox.schema.js';
import { SandboxService } from './sandbox.service.js';

/** The sandbox cloud with its accounts in the database. Imported with CLOUD=sandbox only. */
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: SANDBOX_RESOURCES, schema: sandboxResourceSchema },
      { name: SANDBOX_SETTINGS, schema: sandboxSettingsSchema },
      { name: SANDBOX_COUNTERS, schema: sandboxCounterSchema },
    ]),
  ],
  controllers: [SandboxController],
  providers: [
    SandboxRepository,
    SandboxService,
    {
      provide: SandboxCloud,
      inject: [SandboxRepository, Config, Clock],
      useFactory: (store: SandboxRepository, config: Config, clock: Clock): SandboxCloud =>
        new SandboxCloud(store, {
          speed: config.engine.sandboxSpeed,
          timing: { now: () => clock.now(), sleep: (ms, signal) => clock.sleep(ms, signal) },
        }),
    },
  ],
  exports: [SandboxCloud],
})
export class SandboxModule implements OnModuleInit {
  constructor(private readonly repository: SandboxRepository) {}

  async onModuleInit(): Promise<void> {
    await this.repository.prepare();
  }
}

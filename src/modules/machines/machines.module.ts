import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { IdempotencyModule } from '../../shared/http/idempotency.module.js';
import { MACHINES, machineSchema } from './machine.schema.js';
import { MachinesController } from './machines.controller.js';
import { MachinesRepository } from './machines.repository.js';
import { MachinesService } from './machines.service.js';
import { MachineSessionReads, SESSIONS_OF_MACHINES, sessionsOfMachinesSchema } from './session.reads.js';

@Module({
  imports: [
    IdempotencyModule,
    MongooseModule.forFeature([
      { name: MACHINES, schema: machineSchema },
      { name: SESSIONS_OF_MACHINES, schema: sessionsOfMachinesSchema },
    ]),
  ],
  controllers: [MachinesController],
  providers: [MachinesRepository, MachineSessionReads, MachinesService],
  exports: [MachinesService],
})
export class MachinesModule implements OnModuleInit {
  constructor(private readonly machines: MachinesRepository) {}

  async onModuleInit(): Promise<void> {
    await this.machines.prepare();
  }
}

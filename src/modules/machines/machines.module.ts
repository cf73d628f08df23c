import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { MACHINES, machineSchema } from './machine.schema.js';
import { MachinesRepository } from './machines.repository.js';
import { MachinesService } from './machines.service.js';
import { MachineSessionReads, SESSIONS_OF_MACHINES, sessionsOfMachinesSchema } from './session.reads.js';

@Module({
  imports: [
    MongooseModule.forFeature([
      { name: MACHINES, schema: machineSchema },
      { name: SESSIONS_OF_MACHINES, schema: sessionsOfMachinesSchema },
    ]),
  ],
  providers: [MachinesRepository, MachineSessionReads, MachinesService],
  exports: [MachinesService],
})
export class MachinesModule implements OnModuleInit {
  constructor(private readonly machines: MachinesRepository) {}

  async onModuleInit(): Promise<void> {
    await this.machines.prepare();
  }
}

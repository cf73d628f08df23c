import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { StackStateRepository } from './state.repository.js';
import { STACK_STATES, stackStateSchema } from './state.schema.js';

/** State of the embedded engine in the database. */
@Module({
  imports: [MongooseModule.forFeature([{ name: STACK_STATES, schema: stackStateSchema }])],
  providers: [StackStateRepository],
  exports: [StackStateRepository],
})
export class StackStatesModule implements OnModuleInit {
  constructor(private readonly states: StackStateRepository) {}

  async onModuleInit(): Promise<void> {
    await this.states.prepare();
  }
}

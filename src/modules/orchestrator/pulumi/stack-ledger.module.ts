import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { LedgerRepository } from './ledger.repository.js';
import { ledgerSchema, STACK_LEDGER } from './ledger.schema.js';

/** What the `pulumi` engine keeps in the database. */
@Module({
  imports: [MongooseModule.forFeature([{ name: STACK_LEDGER, schema: ledgerSchema }])],
  providers: [LedgerRepository],
  exports: [LedgerRepository],
})
export class StackLedgerModule implements OnModuleInit {
  constructor(private readonly ledger: LedgerRepository) {}

  async onModuleInit(): Promise<void> {
    await this.ledger.prepare();
  }
}

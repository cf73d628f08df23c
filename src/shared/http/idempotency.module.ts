import { Module, type OnModuleInit } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { MongooseModule } from '@nestjs/mongoose';
import { IdempotencyGuard } from './idempotency.guard.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyJobs } from './idempotency.jobs.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IDEMPOTENCY_KEYS, idempotencySchema } from './idempotency.schema.js';
import { IdempotencyService } from './idempotency.service.js';

/** The interceptor works on every route; the guard is put in its place between the others by the auth module. */
@Module({
  imports: [MongooseModule.forFeature([{ name: IDEMPOTENCY_KEYS, schema: idempotencySchema }])],
  providers: [
    IdempotencyRepository,
    IdempotencyService,
    IdempotencyGuard,
    IdempotencyJobs,
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
  exports: [IdempotencyGuard, IdempotencyService],
})
export class IdempotencyModule implements OnModuleInit {
  constructor(private readonly entries: IdempotencyRepository) {}

  async onModuleInit(): Promise<void> {
    await this.entries.prepare();
  }
}

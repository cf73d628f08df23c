import { Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { InjectConnection, MongooseModule } from '@nestjs/mongoose';
import mongoose, { type Connection } from 'mongoose';
import { Config } from '../config/config.js';
import { Unavailable } from '../errors/app-error.js';
import { DatabaseTime } from './database-time.js';
import { createLog } from '../kernel/log.js';
import { LEASES, leaseSchema } from './lease.schema.js';
import { Leases } from './leases.js';
import { UnitOfWork } from './unit-of-work.js';

const log = createLog('database');

mongoose.set('transactionAsyncLocalStorage', true);

/** The connection, units of work and leases. Refuses a database without transactions at start. */
@Global()
@Module({
  imports: [
    MongooseModule.forRootAsync({
      inject: [Config],
      useFactory: ({ database }: Config) => {
        mongoose.set('maxTimeMS', database.queryTimeoutMs);
        return {
          uri: database.uri,
          autoIndex: false,
          monitorCommands: true, // database-metrics.ts
          autoCreate: false,
          maxPoolSize: database.poolSize,
          ...(database.name ? { dbName: database.name } : {}),
          serverSelectionTimeoutMS: database.serverSelectionTimeoutMs,
          socketTimeoutMS: database.queryTimeoutMs * 6,
          sanitizeFilter: false,
          retryAttempts: 3,
          retryDelay: 1000,
        };
      },
    }),
    MongooseModule.forFeature([{ name: LEASES, schema: leaseSchema }]),
  ],
  providers: [UnitOfWork, Leases, DatabaseTime],
  exports: [UnitOfWork, Leases, DatabaseTime, MongooseModule],
})
export class DatabaseModule implements OnModuleInit {
  constructor(
    @InjectConnection() private readonly connection: Connection,
    @Inject(Leases) private readonly leases: Leases,
  ) {}

  async onModuleInit(): Promise<void> {
    await requireTransactions(this.connection);
    log.info('database.connected', { duration_ms: Math.round(performance.now()) }); // since the start of the process
    this.connection.on('disconnected', () => log.warn('database.disconnected'));
    this.connection.on('reconnected', () => log.info('database.connected'));
    await this.leases.prepare();
  }
}

/** @throws Unavailable naming what is missing */
async function requireTransactions(connection: Connection): Promise<void> {
  const hello = (await connection.db?.admin().command({ hello: 1 })) ?? {};
  if (hello['setName'] || hello['msg'] === 'isdbgrid') return;
  throw new Unavailable(
    'database_unavailable',
    'The database offers no transactions: use a replica set (also of one node) or DocumentDB',
  );
}

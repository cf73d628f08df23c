import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../kernel/clock.js';
import { Ids, RandomIds } from '../kernel/ids.js';
import { SecretBox } from '../kernel/secret-box.js';
import { Config } from './config.js';

/** Config, Clock, Ids and SecretBox for everybody. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: Clock, useClass: SystemClock },
        { provide: Ids, useClass: RandomIds },
        { provide: SecretBox, useValue: new SecretBox(config.encryptionKey) },
      ],
      exports: [Config, Clock, Ids, SecretBox],
    };
  }
}

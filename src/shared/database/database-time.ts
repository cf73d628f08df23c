import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Defect } from '../errors/app-error.js';

/** The database's clock, for verdicts on the age of stored things: two servers with skewed clocks must agree. */
@Injectable()
export class DatabaseTime {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  async now(): Promise<Date> {
    const hello = await this.connection.db?.admin().command({ hello: 1 });
    const time: unknown = hello?.['localTime'];
    if (!(time instanceof Date)) throw new Defect('The database does not tell its time');
    return time;
  }
}

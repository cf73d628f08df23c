import { Global, Module } from '@nestjs/common';
import { FrontDesk } from './front-desk.js';

/** The front desk for everybody who lets callers in, adds routes or observes answers. */
@Global()
@Module({ providers: [FrontDesk], exports: [FrontDesk] })
export class FrontModule {}

import { SystemClock } from '../../src/shared/kernel/clock.js';

/** Time passes at once; the pauses that were asked for are kept. */
export class QuickClock extends SystemClock {
  readonly pauses: number[] = [];
  override async sleep(ms: number): Promise<void> {
    this.pauses.push(ms);
  }
}

import { Injectable } from '@nestjs/common';
import { Config } from '../../shared/config/config.js';
import { DatabaseTime } from '../../shared/database/database-time.js';
import type { AppError } from '../../shared/errors/app-error.js';
import { isStalled } from './session.js';
import { ActiveSessionExists, ConcurrentModification, SlotTaken } from './sessions.errors.js';
import { duplicateOf, SessionsRepository } from './sessions.repository.js';

/** What a session wants to hold alone. */
export interface Claim {
  readonly organization: string;
  /** Of the session that wants it. */
  readonly id: string;
  readonly projectId: string;
  readonly machineId: string;
  readonly dockerSlot: number | null;
}

/** How often work starts anew when the holder it met was gone before it could be named. */
const ATTEMPTS = 3;

/** Turns the unique rules of the store (sessions.md 7.2, 7.3) into the 409 that names the holder. */
@Injectable()
export class SessionConflicts {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly time: DatabaseTime,
    private readonly config: Config,
  ) {}

  /**
   * @param claim asked after `work` has failed: what it wanted to hold; undefined: it had not got that far
   * @throws ActiveSessionExists, SlotTaken, or ConcurrentModification when the holder changes all the time
   */
  async named<T>(claim: () => Claim | undefined, work: () => Promise<T>): Promise<T> {
    let last: Claim | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        last = claim();
        const broken = duplicateOf(error);
        if (!last || (broken !== 'pair' && broken !== 'slot')) throw error;
        const refusal = broken === 'pair' ? await this.pairTaken(last) : await this.slotTaken(last);
        if (refusal) throw refusal;
      }
    }
    throw new ConcurrentModification(last?.id ?? '');
  }

  /** The same refusal before anything was tried: a restarted client learns of its old session rather than of that one's slot. */
  async requireFreePair(claim: Claim): Promise<void> {
    const refusal = await this.pairTaken(claim);
    if (refusal) throw refusal;
  }

  private async pairTaken(claim: Claim): Promise<AppError | null> {
    const holder = await this.sessions.findActive(claim);
    if (!holder) return null;
    const isSilent = isStalled(holder, this.config.sessions.stallThresholdMs, await this.time.now());
    return new ActiveSessionExists(holder, isSilent);
  }

  private async slotTaken({ organization, machineId, dockerSlot }: Claim): Promise<AppError | null> {
    if (dockerSlot === null) return null;
    const holder = await this.sessions.findSlotHolder({ organization, machineId }, dockerSlot);
    return holder ? new SlotTaken(machineId, dockerSlot, holder.id) : null;
  }
}

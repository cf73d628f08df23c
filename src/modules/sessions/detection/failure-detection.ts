import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Leases } from '../../../shared/database/leases.js';
import type { Caller } from '../../../shared/http/allow.js';
import { SCHEDULE } from '../../../shared/schedule.js';
import { MachinesService } from '../../machines/machines.service.js';
import { StallDetection } from './stall-detection.js';

/** What a detection that somebody asked for has found in the caller's organization. */
export interface FoundFailures {
  readonly sessionIds: readonly string[];
  readonly machineIds: readonly string[];
  readonly durationMs: number;
  /** Another run was at it: nothing was done. */
  readonly isSkipped: boolean;
}

/** Dead sessions and machines, by the jobs and on demand. Every run of either holds the lease of its job. */
@Injectable()
export class FailureDetection {
  constructor(
    private readonly stalls: StallDetection,
    private readonly machines: MachinesService,
    private readonly leases: Leases,
    private readonly config: Config,
  ) {}

  /**
   * Machines that nobody heard of. Not while our own trouble is younger than their threshold: it would be our fault.
   * @returns those that went offline
   */
  async markSilentMachines(): Promise<readonly { readonly organization: string; readonly id: string }[]> {
    const { now, brake } = await this.stalls.judge();
    const { since } = brake;
    const { machineOfflineThresholdMs } = this.config.sessions;
    if (since && now.getTime() - since.getTime() < machineOfflineThresholdMs) return [];
    return this.machines.markSilentOffline(now);
  }

  /** @throws what made the run fail */
  async detect({ organization }: Caller): Promise<FoundFailures> {
    const sessionIds: string[] = [];
    const startedAt = performance.now();
    const outcome = await this.leases.once(SCHEDULE.detectStalled, (turn) =>
      this.stalls.run(turn, (marked) => {
        for (const session of marked) if (session.organization === organization) sessionIds.push(session.id);
      }),
    );
    if (outcome.kind === 'failed') throw outcome.error;
    if (outcome.kind === 'skipped') return { sessionIds, machineIds: [], durationMs: 0, isSkipped: true };
    const machines = await this.markSilentMachines();
    return {
      sessionIds,
      machineIds: machines.filter((machine) => machine.organization === organization).map(({ id }) => id),
      durationMs: Math.round(performance.now() - startedAt),
      isSkipped: false,
    };
  }
}

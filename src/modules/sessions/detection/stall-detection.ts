import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { DatabaseTime } from '../../../shared/database/database-time.js';
import type { JobTurn } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { type Brake, brakeAt } from '../../../shared/kernel/brake.js';
import { createLog } from '../../../shared/kernel/log.js';
import { stalledNews } from '../session-news.js';
import type { Session } from '../session.js';
import { DetectionRepository } from './detection.repository.js';
import { IngestionRepository } from './ingestion.repository.js';
import { isDue, type StallCandidate } from './stall-rules.js';

const log = createLog('sessions');

/**
 * Finds dead sessions (sessions.md 8.1):
 * 1. read the database's time and our own brake, once: while our trouble is younger than the threshold nobody is marked;
 * 2. read the active sessions silent for the global threshold, by index, in batches;
 * 3. leave out those whose own threshold, refused heartbeat or longer excuse by the brake is not over yet;
 * 4. mark the rest where they are still active and silent, with their events, in one transaction per organization and batch.
 * Correct without any lock: the write is conditional, and only what this run marked is reported by it.
 */
@Injectable()
export class StallDetection {
  constructor(
    private readonly sessions: DetectionRepository,
    private readonly ingestion: IngestionRepository,
    private readonly time: DatabaseTime,
    private readonly events: EventLog,
    private readonly config: Config,
  ) {}

  /**
   * @param onMarked told every batch after its commit
   * @returns how many were marked
   */
  async run(turn: JobTurn, onMarked: (marked: readonly Session[]) => void = () => undefined): Promise<number> {
    const { stallThresholdMs } = this.config.sessions;
    const { now, brake } = await this.judge();
    if (brake.isActive) {
      log.warn('stall detection braked', { run_id: turn.runId, reason: brake.reason, until: brake.until });
      return 0;
    }
    const cutoff = new Date(now.getTime() - stallThresholdMs);
    let count = 0;
    let failure: { readonly error: unknown } | null = null;
    for await (const batch of this.sessions.silentSince(cutoff)) {
      if (turn.signal.aborted) break;
      const due = batch.filter((candidate) => isDue(candidate, brake, stallThresholdMs, now));
      for (const [organization, ids] of byOrganization(due)) {
        try {
          const marked = await this.mark(organization, ids, cutoff, turn.runId);
          count += marked.length;
          onMarked(marked);
        } catch (error) {
          failure ??= { error }; // the other organizations are not to wait for this one
        }
      }
    }
    if (failure) throw failure.error;
    return count;
  }

  /** The database's time, and our own brake at it: what every verdict on silence begins with. */
  async judge(): Promise<{ readonly now: Date; readonly brake: Brake }> {
    const { ingestionGapSeconds, stallThresholdMs } = this.config.sessions;
    const ingestion = await this.ingestion.find();
    const now = await this.time.now();
    return { now, brake: brakeAt(ingestion, now, ingestionGapSeconds * 1000, stallThresholdMs) };
  }

  /** The run is named as the actor of the events. */
  private mark(organization: string, ids: readonly string[], cutoff: Date, runId: string): Promise<readonly Session[]> {
    return this.events.write(organization, async (append) => {
      const sessions = await this.sessions.markStalled(organization, ids, cutoff, runId);
      for (const session of sessions) append(stalledNews(session, session, runId));
      return sessions;
    });
  }
}

function byOrganization(candidates: readonly StallCandidate[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { organization, id } of candidates) {
    const group = groups.get(organization);
    if (group) group.push(id);
    else groups.set(organization, [id]);
  }
  return groups;
}

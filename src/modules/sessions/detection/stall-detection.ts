import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { DatabaseTime } from '../../../shared/database/database-time.js';
import type { JobTurn } from '../../../shared/database/leases.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { createLog } from '../../../shared/kernel/log.js';
import { sessionNews } from '../session-news.js';
import { type Session, sinceHeartbeatMs } from '../session.js';
import { DetectionRepository } from './detection.repository.js';
import { IngestionRepository } from './ingestion.repository.js';
import { type Brake, brakeAt, isDue, type StallCandidate } from './stall-rules.js';

const log = createLog('sessions');

/** Named as the actor of `session_stalled`. */
const ACTOR = 'detector';

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
    const now = await this.time.now();
    const brake = await this.brake(now);
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

  /** The brake at `now`, which is the database's. */
  async brake(now: Date): Promise<Brake> {
    const { ingestionGapSeconds, stallThresholdMs } = this.config.sessions;
    return brakeAt(await this.ingestion.find(), now, ingestionGapSeconds * 1000, stallThresholdMs);
  }

  private async mark(
    organization: string,
    ids: readonly string[],
    cutoff: Date,
    runId: string,
  ): Promise<readonly Session[]> {
    const marked = await this.events.write(organization, async (append) => {
      const sessions = await this.sessions.markStalled(organization, ids, cutoff, runId);
      for (const session of sessions) {
        append(
          sessionNews('session_stalled', session, {
            last_heartbeat: session.lastHeartbeatAt.toISOString(),
            time_since_heartbeat_ms: silenceOf(session),
            stall_count: session.stallCount,
            actor: ACTOR,
          }),
        );
      }
      return sessions;
    });
    for (const session of marked) {
      log.warn('session.stalled', {
        session_id: session.id,
        project_id: session.projectId,
        machine_id: session.machineId,
        time_since_heartbeat_ms: silenceOf(session),
        run_id: runId,
      });
    }
    return marked;
  }
}

/** At the moment it was marked. */
function silenceOf(session: Session): number {
  return sinceHeartbeatMs(session, session.stalledAt ?? session.updatedAt);
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

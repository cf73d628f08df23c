import type { DetectionRepository } from '../../src/modules/sessions/detection/detection.repository.js';
import type { IngestionRepository } from '../../src/modules/sessions/detection/ingestion.repository.js';
import type { StallCandidate } from '../../src/modules/sessions/detection/stall-rules.js';
import type { Session, SessionStatus } from '../../src/modules/sessions/session.js';
import type { Ingestion } from '../../src/shared/kernel/brake.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

/** A session with what only the detector knows of it. */
export interface WatchedSession extends Session {
  readonly heardAt: Date | null;
  readonly warnedHeartbeat: Date | null;
  readonly stallRunId: string | null;
}

export function watched(session: Session): WatchedSession {
  return { ...session, heardAt: null, warnedHeartbeat: null, stallRunId: null };
}

/** In-memory twin of DetectionRepository; `now` is the database's clock. */
export class FakeDetectionRepository implements Surface<DetectionRepository> {
  readonly rows = new Map<string, WatchedSession>();
  /** Happens between reading candidates and marking them: where a heartbeat slips in. */
  beforeMarking: () => void = () => undefined;

  constructor(
    private readonly now: () => Date,
    private readonly batch = 500,
  ) {}

  add(...sessions: readonly Session[]): void {
    for (const session of sessions) this.rows.set(session.id, watched(session));
  }

  /** A heartbeat that arrives now. */
  beat(id: string): void {
    const row = this.rows.get(id);
    if (!row) return;
    const status = row.status === 'stalled' ? 'active' : row.status;
    const alive = { status, lastHeartbeatAt: this.now(), stalledAt: null } as const;
    this.rows.set(id, { ...row, ...alive });
  }

  async *silentSince(cutoff: Date): AsyncGenerator<readonly StallCandidate[]> {
    const silent = this.select((row) => row.status === 'active' && row.lastHeartbeatAt < cutoff);
    for (let i = 0; i < silent.length; i += this.batch) {
      await Promise.resolve();
      yield silent.slice(i, i + this.batch);
    }
  }

  async markStalled(
    organization: string,
    ids: readonly string[],
    cutoff: Date,
    runId: string,
  ): Promise<readonly Session[]> {
    await Promise.resolve();
    this.beforeMarking();
    const marked = this.select(
      (row) =>
        ids.includes(row.id) &&
        row.organization === organization &&
        row.status === 'active' &&
        row.lastHeartbeatAt < cutoff &&
        (row.heardAt === null || row.heardAt < cutoff),
    ).map((row) => ({
      ...row,
      status: 'stalled' as const,
      stalledAt: this.now(),
      stallCount: row.stallCount + 1,
      stallRunId: runId,
      updatedAt: this.now(),
    }));
    for (const row of marked) this.rows.set(row.id, row);
    return marked;
  }

  async noteHeard(organization: string, ids: readonly string[]): Promise<void> {
    for (const row of this.select((each) => ids.includes(each.id) && each.organization === organization)) {
      if (row.status === 'active') this.rows.set(row.id, { ...row, heardAt: this.now() });
    }
  }

  async listSilent(
    statuses: readonly SessionStatus[],
    cutoff: Date,
    limit: number,
    options: { readonly unwarnedOnly: boolean; readonly after?: Date },
  ): Promise<readonly Session[]> {
    const silent = this.select(
      (row) =>
        statuses.includes(row.status) &&
        row.lastHeartbeatAt < cutoff &&
        (!options.after || row.lastHeartbeatAt >= options.after) &&
        (!options.unwarnedOnly || !isWarned(row)),
    );
    return silent.sort((a, b) => a.lastHeartbeatAt.getTime() - b.lastHeartbeatAt.getTime()).slice(0, limit);
  }

  async markExpiring(session: Session, statuses: readonly SessionStatus[]): Promise<Session | null> {
    const row = this.rows.get(session.id);
    if (!row || isWarned(row) || !isStill(row, session, statuses)) return null;
    const marked = { ...row, warnedHeartbeat: row.lastHeartbeatAt, updatedAt: this.now() };
    this.rows.set(row.id, marked);
    return marked;
  }

  async isStillSilent(session: Session, statuses: readonly SessionStatus[]): Promise<boolean> {
    const row = this.rows.get(session.id);
    return row !== undefined && isStill(row, session, statuses);
  }

  private select(test: (row: WatchedSession) => boolean): WatchedSession[] {
    return [...this.rows.values()].filter(test);
  }
}

function isStill(row: WatchedSession, session: Session, statuses: readonly SessionStatus[]): boolean {
  return (
    row.organization === session.organization &&
    statuses.includes(row.status) &&
    row.lastHeartbeatAt.getTime() === session.lastHeartbeatAt.getTime()
  );
}

function isWarned({ warnedHeartbeat, lastHeartbeatAt }: WatchedSession): boolean {
  return warnedHeartbeat?.getTime() === lastHeartbeatAt.getTime();
}

/** In-memory twin of IngestionRepository. */
export class FakeIngestionRepository implements Surface<IngestionRepository> {
  state: Ingestion | null = null;
  /** What the next calls do instead: a database that fails. */
  failure: Error | null = null;

  constructor(private readonly now: () => Date) {}

  async prepare(): Promise<void> {}

  async prove(gapMs: number, trouble: string | null): Promise<Ingestion> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    const aliveAt = this.now();
    const isGap = this.state !== null && aliveAt.getTime() - this.state.aliveAt.getTime() > gapMs;
    if (trouble !== null) this.state = { aliveAt, since: aliveAt, reason: trouble };
    else if (isGap) this.state = { aliveAt, since: aliveAt, reason: 'no instance was serving' };
    else this.state = { aliveAt, since: this.state?.since ?? null, reason: this.state?.reason ?? null };
    return this.state;
  }

  async find(): Promise<Ingestion | null> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return this.state;
  }
}

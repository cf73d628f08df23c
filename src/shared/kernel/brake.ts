/** Are we ourselves able to hear heartbeats? One document for all instances. */
export interface Ingestion {
  /** Newest proof of life of any serving instance. */
  readonly aliveAt: Date;
  /** From when on heartbeats are heard again after the newest trouble of ours; null = there was none. */
  readonly since: Date | null;
  /** What the trouble was. */
  readonly reason: string | null;
}

/** While it is active nobody's silence counts: it may be our fault. */
export interface Brake {
  readonly isActive: boolean;
  /** Silence counts from here at the earliest; null = no trouble known. */
  readonly since: Date | null;
  /** End of the brake for sessions with the global threshold; longer ones get theirs. */
  readonly until: Date | null;
  readonly reason: string | null;
}

/**
 * The brake at `now` (the database's). Without a proof for longer than `gapMs` all serving instances are away: silence counts
 * from now at the earliest. Before the first proof nobody has served yet, and there is nothing to excuse.
 */
export function brakeAt(ingestion: Ingestion | null, now: Date, gapMs: number, thresholdMs: number): Brake {
  const isAway = ingestion !== null && now.getTime() - ingestion.aliveAt.getTime() > gapMs;
  const since = isAway ? now : (ingestion?.since ?? null);
  const until = since ? new Date(since.getTime() + thresholdMs) : null;
  return {
    isActive: until !== null && now < until,
    since,
    until,
    reason: isAway ? 'no instance has proved that it serves' : since ? (ingestion?.reason ?? null) : null,
  };
}

import type { IdempotencyEntry } from '../../src/shared/http/idempotency.js';
import type { IdempotencyRepository } from '../../src/shared/http/idempotency.repository.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

/** In-memory twin of IdempotencyRepository; both pass test/contract/idempotency.contract.spec.ts. */
export class FakeIdempotencyRepository implements Surface<IdempotencyRepository> {
  readonly rows = new Map<string, IdempotencyEntry>();

  async prepare(): Promise<void> {}

  async claim(entry: IdempotencyEntry, now: Date): Promise<IdempotencyEntry | null> {
    const before = this.rows.get(entry.scope);
    const isFree = !before || before.expiresAt <= now || (before.answer === null && before.claimEndsAt <= now);
    if (!isFree) return before;
    this.rows.set(entry.scope, entry);
    return null;
  }

  async finish(scope: string, claim: string, answer: string): Promise<void> {
    const entry = this.rows.get(scope);
    if (entry?.claim === claim && entry.answer === null) this.rows.set(scope, { ...entry, answer });
  }

  async release(scope: string, claim: string): Promise<void> {
    const entry = this.rows.get(scope);
    if (entry?.claim === claim && entry.answer === null) this.rows.delete(scope);
  }

  async removeExpired(now: Date): Promise<number> {
    const expired = [...this.rows.values()].filter((entry) => entry.expiresAt <= now);
    for (const { scope } of expired) this.rows.delete(scope);
    return expired.length;
  }
}

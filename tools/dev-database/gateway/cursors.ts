import { CommandError } from './gateway.errors.js';

/** MongoDB's cursorTimeoutMillis. */
const IDLE_MS = 600_000;
const REAP_EVERY_MS = 30_000;

export interface Cursor {
  readonly id: bigint;
  readonly namespace: string;
  readonly database: string;
  /** Transaction it lives in: it ends with it, and only its session may read on. */
  readonly session: string | null;
  readonly inTransaction: boolean;
  /** What DocumentDB wants back to go on, as it gave it. */
  continuation: Buffer;
  usedAt: number;
}

/** Open cursors by id. The rows lie in the database's cursor files; here is only how to go on. */
export class Cursors {
  private readonly open = new Map<bigint, Cursor>();
  private readonly reaper: NodeJS.Timeout;

  constructor(private readonly onExpired: (ids: bigint[]) => void) {
    this.reaper = setInterval(() => this.reap(), REAP_EVERY_MS).unref();
  }

  add(cursor: Omit<Cursor, 'usedAt'>): void {
    this.open.set(cursor.id, { ...cursor, usedAt: Date.now() });
  }

  /** @throws CommandError CursorNotFound */
  get(id: bigint): Cursor {
    const cursor = this.open.get(id);
    if (!cursor) throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`);
    cursor.usedAt = Date.now();
    return cursor;
  }

  /** True when it was open. */
  remove(id: bigint): boolean {
    return this.open.delete(id);
  }

  endTransaction(session: string): void {
    for (const cursor of this.open.values())
      if (cursor.inTransaction && cursor.session === session) this.open.delete(cursor.id);
  }

  close(): void {
    clearInterval(this.reaper);
    this.open.clear();
  }

  private reap(): void {
    const expired = [...this.open.values()].filter(({ usedAt }) => Date.now() - usedAt > IDLE_MS).map(({ id }) => id);
    for (const id of expired) this.open.delete(id);
    if (expired.length > 0) this.onExpired(expired);
  }
}

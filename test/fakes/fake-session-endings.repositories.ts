import type { RecoverableFilter, RecoveryRepository } from '../../src/modules/sessions/recovery/recovery.repository.js';
import type {
  ArchivedFilter,
  Expired,
  RetentionRepository,
  WorkingSession,
} from '../../src/modules/sessions/retention/retention.repository.js';
import { isLive, type Session } from '../../src/modules/sessions/session.js';
import type { SessionKey } from '../../src/modules/sessions/sessions.repository.js';
import type { RowPosition, Slice } from '../../src/shared/http/paging.js';
import type { Surface } from '../../src/shared/kernel/surface.js';

const at = (date: Date | null): number => date?.getTime() ?? 0;

/** In-memory twin of RecoveryRepository, on the rows of FakeSessionsRepository. `now` is the database's clock. */
export class FakeRecoveryRepository implements Surface<RecoveryRepository> {
  constructor(
    private readonly rows: Map<string, Session>,
    private readonly now: () => Date,
  ) {}

  async prepare({ organization, id }: SessionKey, lockMs: number, release: boolean): Promise<Session | null> {
    const row = this.rows.get(id);
    if (row?.organization !== organization || row.recoveredTo !== null) return null;
    if (row.status !== 'failed' && row.status !== 'stalled') return null;
    return this.put({
      ...row,
      recoveryLockUntil: new Date(at(this.now()) + lockMs),
      dockerSlot: release ? null : row.dockerSlot,
      metadata: {
        ...row.metadata,
        recovery_prepared_at: this.now(),
        ...(release ? { machine_released: true } : {}),
      },
      updatedAt: this.now(),
    });
  }

  async linkTo(
    { organization, id }: SessionKey,
    newId: string,
    previousStatus: string,
    attempt: number,
  ): Promise<Session | null> {
    const row = this.rows.get(id);
    if (row?.organization !== organization || row.status !== 'completed' || row.recoveredTo !== null) return null;
    const recovery = {
      recovered_to: newId,
      recovered_at: this.now(),
      previous_status: previousStatus,
      attempt,
    };
    return this.put({
      ...row,
      recoveredTo: newId,
      metadata: { ...row.metadata, recovery },
      updatedAt: this.now(),
    });
  }

  async findSuccessor(organization: string, originalId: string): Promise<Session | null> {
    const rows = [...this.rows.values()];
    return rows.find((row) => row.organization === organization && row.recoveredFrom === originalId) ?? null;
  }

  async listRecoverable(organization: string, filter: RecoverableFilter, limit: number): Promise<readonly Session[]> {
    return [...this.rows.values()]
      .filter(
        (row) =>
          row.organization === organization &&
          (row.status === 'failed' || row.status === 'stalled') &&
          row.recoveredTo === null &&
          !row.isArchived &&
          (filter.projectId === undefined || row.projectId === filter.projectId) &&
          (filter.machineId === undefined || row.machineId === filter.machineId) &&
          (!filter.silentBefore || row.lastHeartbeatAt <= filter.silentBefore) &&
          (!filter.silentAfter || row.lastHeartbeatAt >= filter.silentAfter),
      )
      .sort((a, b) => at(b.lastHeartbeatAt) - at(a.lastHeartbeatAt))
      .slice(0, limit);
  }

  private put(row: Session): Session {
    this.rows.set(row.id, row);
    return row;
  }
}

/** In-memory twin of RetentionRepository, on the rows of FakeSessionsRepository. `now` is the database's clock. */
export class FakeRetentionRepository implements Surface<RetentionRepository> {
  constructor(
    private readonly rows: Map<string, Session>,
    private readonly now: () => Date,
  ) {}

  async listExpired(
    { organization, archived, before }: Expired,
    limit: number,
    { except = [], skip = 0 }: { readonly except?: readonly string[]; readonly skip?: number } = {},
  ): Promise<readonly Session[]> {
    const end = (row: Session): number => at(archived ? row.archivedAt : row.completedAt);
    return [...this.rows.values()]
      .filter(
        (row) =>
          (organization === null || row.organization === organization) &&
          !isLive(row.status) &&
          row.isArchived === archived &&
          (archived || row.metadata['archived'] !== true) &&
          end(row) > 0 &&
          end(row) < at(before) &&
          !except.includes(row.id),
      )
      .sort((a, b) => end(a) - end(b))
      .slice(skip, skip + limit);
  }

  async archive({ organization, id }: SessionKey): Promise<Session | null> {
    const row = this.rows.get(id);
    if (row?.organization !== organization || isLive(row.status) || row.isArchived) return null;
    const archivedAt = this.now();
    const archived: Session = {
      ...row,
      isArchived: true,
      archivedAt,
      updatedAt: archivedAt,
      metadata: { ...row.metadata, archived: true, archived_at: archivedAt },
    };
    this.rows.set(id, archived);
    return archived;
  }

  async listArchived(
    organization: string,
    filter: ArchivedFilter,
    slice: Slice,
  ): Promise<{ readonly items: readonly Session[]; readonly total: number; readonly next: RowPosition | null }> {
    const all = [...this.rows.values()]
      .filter(
        (row) =>
          row.organization === organization &&
          row.isArchived &&
          (filter.projectId === undefined || row.projectId === filter.projectId) &&
          (filter.machineId === undefined || row.machineId === filter.machineId),
      )
      .sort((a, b) => at(b.archivedAt) - at(a.archivedAt));
    const rest = all.filter((row) => !slice.after || at(row.archivedAt) < at(slice.after.createdAt));
    const items = rest.slice(slice.offset, slice.offset + slice.limit);
    const last = items.at(-1);
    const hasMore = rest.length > slice.offset + items.length;
    return {
      items,
      total: all.length,
      // an id of the store's form: rows in memory are told apart by their time alone
      next: hasMore && last?.archivedAt ? { createdAt: last.archivedAt, id: '0'.repeat(24) } : null,
    };
  }

  async *working(batchSize: number): AsyncGenerator<readonly WorkingSession[]> {
    const all = [...this.rows.values()].flatMap(({ id, organization, status, currentTaskId }) =>
      isLive(status) && currentTaskId !== null ? [{ id, organization, currentTaskId }] : [],
    );
    for (let i = 0; i < all.length; i += batchSize) {
      await Promise.resolve();
      yield all.slice(i, i + batchSize);
    }
  }

  async countHeldTwice(): Promise<{ readonly pairs: number; readonly slots: number }> {
    const live = [...this.rows.values()].filter(({ status }) => isLive(status));
    const twice = (keys: readonly string[]): number => new Set(keys.filter((key, i) => keys.indexOf(key) !== i)).size;
    const key = (...parts: readonly unknown[]): string => JSON.stringify(parts);
    return {
      pairs: twice(
        live
          .filter(({ status }) => status === 'active')
          .map((row) => key(row.organization, row.machineId, row.projectId)),
      ),
      slots: twice(
        live
          .filter(({ dockerSlot }) => dockerSlot !== null)
          .map((row) => key(row.organization, row.machineId, row.dockerSlot)),
      ),
    };
  }
}

import type { Model } from 'mongoose';
import { ensureIndexes } from './indexes.js';

/**
 * What all repositories share. A repository speaks domain types in and out; `null` means absent and throwing NotFound is the
 * service's decision. Joins the running UnitOfWork by itself.
 */
export abstract class BaseRepository<TRecord> {
  protected constructor(protected readonly model: Model<TRecord>) {}

  /** Builds and checks the indexes of the schema; called once at start, before the first request. @throws ConfigurationError */
  async prepare(): Promise<void> {
    await ensureIndexes(this.model);
  }
}

/** True for the duplicate-key error of a unique index. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 11000;
}

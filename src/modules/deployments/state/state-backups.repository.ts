import { gunzipSync, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { STATE_BACKUPS, type StateBackupRecord } from './state-backup.schema.js';
import type { BackupFacts, StateBackup } from './state-backup.js';

/** Kept states; only ever added. */
@Injectable()
export class StateBackupsRepository extends BaseRepository<StateBackupRecord> {
  constructor(@InjectModel(STATE_BACKUPS) model: Model<StateBackupRecord>) {
    super(model);
  }

  async insert({ states, ...facts }: StateBackup): Promise<void> {
    await this.model.insertMany([{ ...facts, content: gzipSync(JSON.stringify(states)) }]);
  }

  async find(deploymentId: string, backupId: string): Promise<StateBackup | null> {
    const record = await this.model.findOne({ deploymentId, backupId }, { _id: 0 }).lean<StateBackupRecord>();
    if (!record) return null;
    const { content, ...facts } = record;
    return { ...facts, states: JSON.parse(gunzipSync(bytesOf(content)).toString('utf8')) as StateBackup['states'] };
  }

  /** Was one taken for this operation already? */
  async findOf(deploymentId: string, operationId: string): Promise<BackupFacts | null> {
    return this.model
      .findOne({ deploymentId, operationId, reason: { $ne: 'incoming' } }, FACTS)
      .sort({ createdAt: 1 })
      .lean<BackupFacts>();
  }

  /** Newest first; what came from outside is no backup. */
  async list(
    deploymentId: string,
    environment: EnvironmentName,
    page: { readonly skip: number; readonly limit: number; readonly stack?: string },
  ): Promise<{ readonly backups: readonly BackupFacts[]; readonly total: number }> {
    const query = {
      deploymentId,
      environment,
      reason: { $ne: 'incoming' as const },
      ...(page.stack ? { stack: { $in: [page.stack, null] } } : {}),
    };
    const backups = await this.model
      .find(query, FACTS)
      .sort({ createdAt: -1, backupId: -1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean<BackupFacts[]>();
    return { backups, total: await this.model.countDocuments(query) };
  }
}

const FACTS = { _id: 0, content: 0 };

/** The driver answers its own binary type where it is asked for plain objects. */
function bytesOf(content: Buffer | { readonly buffer: Uint8Array }): Uint8Array {
  return Buffer.isBuffer(content) ? content : content.buffer;
}

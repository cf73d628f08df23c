import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../shared/database/base.repository.js';
import type { Workspace } from './workspace.js';
import { type WorkspaceRecord, WORKSPACES } from './workspace.schema.js';

/** Workspaces listed at most. */
const LIMIT = 1000;

@Injectable()
export class WorkspacesRepository extends BaseRepository<WorkspaceRecord> {
  constructor(@InjectModel(WORKSPACES) model: Model<WorkspaceRecord>) {
    super(model);
  }

  /** Sorted by id. */
  async list(organization: string): Promise<readonly Workspace[]> {
    const records = await this.model
      .find({ organization })
      .sort({ workspace_id: 1 })
      .limit(LIMIT)
      .lean<WorkspaceRecord[]>();
    return records.map(({ workspace_id, desired, running }) => ({ id: workspace_id, desired, running }));
  }

  /** Sets what is given and notes the sign of life; made when it is not there. */
  async report(organization: string, id: string, change: Partial<Omit<Workspace, 'id'>>): Promise<void> {
    await this.model.updateOne(
      { organization, workspace_id: id },
      [
        {
          $set: {
            desired: change.desired ?? { $ifNull: ['$desired', 0] },
            running: change.running ?? { $ifNull: ['$running', 0] },
            last_seen: '$$NOW',
          },
        },
      ],
      { upsert: true, updatePipeline: true },
    );
  }

  /** A sign of life of an entry that is there. */
  async see(organization: string, id: string): Promise<void> {
    await this.model.updateOne({ organization, workspace_id: id }, [{ $set: { last_seen: '$$NOW' } }], {
      updatePipeline: true,
    });
  }
}

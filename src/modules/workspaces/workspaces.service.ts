import { Injectable } from '@nestjs/common';
import { EventLog } from '../../shared/events/event-log.js';
import { draft } from '../../shared/events/events.js';
import { SessionReads } from './session.reads.js';
import { totalsOf, withLiveSessions, type Workspace, type WorkspaceTotals } from './workspace.js';
import { WorkspacesRepository } from './workspaces.repository.js';

export interface WorkspaceView {
  readonly workspace: Workspace;
  readonly global: WorkspaceTotals;
}

/** Desired and running workers per workspace. */
@Injectable()
export class WorkspacesService {
  constructor(
    private readonly workspaces: WorkspacesRepository,
    private readonly sessions: SessionReads,
    private readonly eventLog: EventLog,
  ) {}

  /** Creates nothing: an unknown workspace has zeros. */
  async view(organization: string, id: string): Promise<WorkspaceView> {
    await this.workspaces.see(organization, id);
    return viewOf(await this.list(organization), id);
  }

  async list(organization: string): Promise<readonly Workspace[]> {
    const [reported, live] = await Promise.all([
      this.workspaces.list(organization),
      this.sessions.liveByWorkspace(organization),
    ]);
    return withLiveSessions(reported, live);
  }

  async report(organization: string, id: string, change: Partial<Omit<Workspace, 'id'>>): Promise<WorkspaceView> {
    const live = await this.sessions.liveByWorkspace(organization);
    return this.eventLog.write(organization, async (append) => {
      const before = viewOf(withLiveSessions(await this.workspaces.list(organization), live), id);
      await this.workspaces.report(organization, id, change);
      const after = viewOf(withLiveSessions(await this.workspaces.list(organization), live), id);
      const { desired, running } = after.workspace;
      if (desired !== before.workspace.desired || running !== before.workspace.running) {
        append(draft('workspace_updated', { organization, workspaceId: id }, { workspace_id: id, desired, running }));
      }
      return after;
    });
  }
}

function viewOf(workspaces: readonly Workspace[], id: string): WorkspaceView {
  return {
    workspace: workspaces.find((one) => one.id === id) ?? { id, desired: 0, running: 0 },
    global: totalsOf(workspaces),
  };
}

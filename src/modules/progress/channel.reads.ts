import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** Where a deployment belongs. */
export interface DeploymentHome {
  readonly deploymentId: string;
  readonly organization: string;
  readonly project: string;
}

/** Does what a channel names exist, and whose is it? The collections are owned by other modules. */
@Injectable()
export class ChannelReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** null when there is none or it was removed. */
  async findHome(deploymentId: string): Promise<DeploymentHome | null> {
    return this.connection
      .collection<DeploymentHome & { deletedAt: Date | null }>('deployments')
      .findOne(
        { deploymentId, deletedAt: null },
        { projection: { _id: 0, deploymentId: 1, organization: 1, project: 1 } },
      );
  }

  async hasOperation(deploymentId: string, operationId: string): Promise<boolean> {
    return this.has('operations', { operationId, deploymentId });
  }

  async hasSession(organization: string, sessionId: string): Promise<boolean> {
    return this.has('sessions', { session_id: sessionId, organization });
  }

  private async has(collection: string, filter: Record<string, string>): Promise<boolean> {
    const found = await this.connection.collection(collection).findOne(filter, { projection: { _id: 1 } });
    return found !== null;
  }
}

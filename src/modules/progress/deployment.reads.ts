import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** Where a deployment belongs. */
export interface DeploymentHome {
  readonly deploymentId: string;
  readonly organization: string;
  readonly project: string;
}

/** Whose is this deployment (and does the operation belong to it)? Collections are owned by the deployments module. */
@Injectable()
export class DeploymentReads {
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
    const found = await this.connection
      .collection('operations')
      .findOne({ operationId, deploymentId }, { projection: { _id: 1 } });
    return found !== null;
  }
}

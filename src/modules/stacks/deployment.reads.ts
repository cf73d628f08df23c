import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { type Model, Schema } from 'mongoose';

interface DeploymentView {
  deploymentId: string;
  revision: number;
}
interface ManifestView {
  deploymentId: string;
  revision: number;
}

export const DEPLOYMENTS_OF_STACKS = 'deployments_of_stacks';
export const MANIFESTS_OF_STACKS = 'manifests_of_stacks';
/** Read only: shapes and indexes are those of the deployments module. */
export const deploymentsOfStacksSchema = new Schema<DeploymentView>({}, { collection: 'deployments', strict: false });
export const manifestsOfStacksSchema = new Schema<ManifestView>(
  {},
  { collection: 'manifest_revisions', strict: false },
);

const BATCH = 500;

/** Which deployments that are not destroyed have a stack in their manifest? */
@Injectable()
export class StackDeploymentReads {
  constructor(
    @InjectModel(DEPLOYMENTS_OF_STACKS) private readonly deployments: Model<DeploymentView>,
    @InjectModel(MANIFESTS_OF_STACKS) private readonly manifests: Model<ManifestView>,
  ) {}

  /** Ids, sorted. */
  async using(stack: string): Promise<readonly string[]> {
    const found: string[] = [];
    let after = '';
    for (;;) {
      const batch = await this.deployments
        .find(
          { deletedAt: null, status: { $ne: 'destroyed' }, deploymentId: { $gt: after } },
          { _id: 0, deploymentId: 1, revision: 1 },
        )
        .sort({ deploymentId: 1 })
        .limit(BATCH)
        .lean<DeploymentView[]>();
      const last = batch.at(-1);
      if (!last) return found;
      const current = new Map(batch.map(({ deploymentId, revision }) => [deploymentId, revision]));
      const manifests = await this.manifests
        .find(
          { deploymentId: { $in: [...current.keys()] }, [`manifest.spec.stacks.${stack}`]: { $exists: true } },
          { _id: 0, deploymentId: 1, revision: 1 },
        )
        .sort({ deploymentId: 1, revision: 1 })
        .lean<ManifestView[]>();
      found.push(
        ...manifests
          .filter(({ deploymentId, revision }) => current.get(deploymentId) === revision)
          .map(({ deploymentId }) => deploymentId),
      );
      after = last.deploymentId;
    }
  }
}

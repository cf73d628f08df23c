import { Injectable } from '@nestjs/common';
import { Defect } from '../../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment } from '../deployment.js';
import { DeploymentStores } from '../deployment-stores.js';
import { ManifestVault } from '../manifest-vault.js';
import { OperationPlanner } from '../operations/operation-planner.js';
import { DEPLOYING, type Operation, type OperationParameters, type Promotion } from '../operations/operation.js';
import type { Environment } from './environment.js';
import { type DeployedContent, provenHash } from './promoted-config.js';
import { promotionBlocked } from './promotion-gate.js';
import { whyNotProven } from './promotion-order.js';

/** What stands in an environment, proven by a plan that finds nothing to do. */
export interface Proven {
  readonly content: DeployedContent;
  readonly promotion: Promotion;
  readonly record: Environment;
}

/** Finds out what an environment has proven: what its last successful deployment made, if it still stands as it was made. */
@Injectable()
export class PromotionProof {
  constructor(
    private readonly records: DeploymentStores,
    private readonly vault: ManifestVault,
    private readonly planner: OperationPlanner,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws Refused `PROMOTION_BLOCKED` when the environment is not well, or no longer what its last deployment made of it */
  async of(deployment: Deployment, from: EnvironmentName): Promise<Proven> {
    const { deploymentId } = deployment;
    const { operations, environments } = this.records;
    const record = await environments.find(deploymentId, from);
    const lastOperation = await operations.findLatest(deploymentId, from);
    const why = whyNotProven({ environment: from, record, lastOperation });
    const last = await operations.findLatest(deploymentId, from, { types: DEPLOYING, status: 'success' });
    if (why !== null || !record || !last) {
      const details = { from, status: record?.status ?? null, lastOperation: lastOperation?.operationId ?? null };
      throw promotionBlocked(why ?? `${from} was never deployed`, details, `Deploy ${from} first.`);
    }
    await this.requireUnchanged(last, from);
    const content = await this.contentOf(last);
    const sourceRevision = last.manifestRevision;
    const contentHash =
      last.parameters.promotion?.contentHash ??
      provenHash(content, from, this.catalogue.stacks.templates(), await this.codeHashes(deploymentId, from));
    return { content, record, promotion: { from, contentHash, sourceRevision, sourceVersion: record.version } };
  }

  /** A plan of the last deployment, made now, finds every stack unchanged. */
  private async requireUnchanged(last: Operation, from: EnvironmentName): Promise<void> {
    const parameters: OperationParameters = {
      ...last.parameters,
      preview: true,
      smartSkip: true,
      force: false,
      stackFilter: null,
      skipStacks: [],
      includeDependencies: false,
      skipDependencies: true,
    };
    const again: Operation = { ...last, type: 'deploy', stack: null, parameters, planId: null, selectedStacks: null };
    const { plan } = await this.planner.plan(again);
    const moved = plan.layers.flatMap((layer) => layer.stacks).filter((stack) => stack.action !== 'skip');
    if (moved.length === 0) return;
    const stacks = moved.map(({ name, reasons, explanation }) => ({ name, reasons, explanation }));
    throw promotionBlocked(
      `${from} is no longer what was proven there: ${moved.map(({ name }) => name).join(', ')} would change`,
      { from, operationId: last.operationId, manifestRevision: last.manifestRevision, stacks },
      `Deploy ${from} again, then promote.`,
    );
  }

  async contentOf(operation: Operation): Promise<DeployedContent> {
    const manifest = await this.manifest(operation.deploymentId, operation.manifestRevision);
    return { manifest, overrides: operation.overrides };
  }

  async manifest(deploymentId: string, revision: number): Promise<DeployedContent['manifest']> {
    const manifest = await this.vault.open(deploymentId, revision);
    if (!manifest) throw new Defect(`Revision ${revision} of ${deploymentId} is gone`);
    return manifest;
  }

  private async codeHashes(
    deploymentId: string,
    environment: EnvironmentName,
  ): Promise<Readonly<Record<string, string | null>>> {
    const instances = await this.records.instances.listOf(deploymentId, environment);
    return Object.fromEntries(instances.map(({ stack, codeHash }) => [stack, codeHash]));
  }
}

import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Conflict, Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment } from '../deployment.js';
import { ManifestEditsService } from '../manifest-edits.service.js';
import { manifestRefusal, validateManifest } from '../manifest/validation.js';
import { requireProdConfirmation } from '../operations/confirmations.js';
import { OperationIntake, OperationStores, type Started } from '../operations/operation-intake.js';
import { DEPLOYING, type OperationParameters, type Promotion } from '../operations/operation.js';
import { OperationsService } from '../operations/operations.service.js';
import { disabledEnvironment } from '../operations/run-request.builder.js';
import type { PromoteBody } from './environment.dto.js';
import {
  type DeployedContent,
  type Promoted,
  promote,
  promotionDiff,
  type PromotionDifference,
  promotionOverrides,
} from './promoted-config.js';
import { promotionAdvice } from './promotion-advice.js';
import { promotionBlocked } from './promotion-gate.js';
import { PREDECESSOR, soakNotice } from './promotion-order.js';
import { PromotionProof, type Proven } from './promotion-proof.js';

export interface StartedPromotion extends Started {
  readonly promotion: Promotion;
  /** What changes in the configuration of the target. */
  readonly diff: readonly PromotionDifference[];
  /** Stacks of the source that the target does not have. */
  readonly leftOut: readonly string[];
}

/** Settings, time and manifests of PromotionsService. */
@Injectable()
export class PromotionTools {
  constructor(
    readonly config: Config,
    readonly clock: Clock,
    readonly catalogue: Catalogue,
    readonly edits: ManifestEditsService,
  ) {}
}

/**
 * Brings what is proven in one environment to the next (deployments.md 9.3). Refusals: deployment, confirmation, running
 * operation, target enabled, order of the steps, source proven, result valid. Then:
 * 1. the target's part of the manifest takes over what promoted-config.ts says, as a further revision (a preview: per run);
 * 2. an operation `clone` deploys the promoted stacks in the target.
 */
@Injectable()
export class PromotionsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly intake: OperationIntake,
    private readonly stores: OperationStores,
    private readonly proofs: PromotionProof,
    private readonly tools: PromotionTools,
  ) {}

  /** @throws Conflict `CLONE_TARGET_CONFLICT`; Refused `PROMOTION_BLOCKED`, `ENVIRONMENT_DISABLED`, and what a deployment refuses */
  async promote(
    principal: Principal,
    deploymentId: string,
    to: EnvironmentName,
    body: PromoteBody,
  ): Promise<StartedPromotion> {
    const preview = body.preview ?? false;
    const { from } = body;
    const permission = preview ? 'deployments:preview' : 'deployments:deploy';
    await this.operations.load(principal, deploymentId, 'deployments:read', from);
    const deployment = await this.operations.load(principal, deploymentId, permission, to);
    const confirmation = { environment: to, ...(body.confirm === undefined ? {} : { confirm: body.confirm }) };
    if (!preview) requireProdConfirmation(deploymentId, confirmation, 'A promotion to prod');
    await this.intake.requireFree(deploymentId, to, preview || (body.waitForLock ?? false));
    requireStep(from, to);
    const target = await this.stores.environments.find(deploymentId, to);
    if (!target?.enabled) throw disabledEnvironment(to);
    const proven = await this.proofs.of(deployment, from);
    const promoted = await this.promoted(deployment, from, to, proven);
    return this.start(principal, deployment, { from, to, body, proven, ...promoted });
  }

  private async start(
    principal: Principal,
    deployment: Deployment,
    step: {
      readonly from: EnvironmentName;
      readonly to: EnvironmentName;
      readonly body: PromoteBody;
      readonly proven: Proven;
      readonly before: DeployedContent;
      readonly result: Promoted;
    },
  ): Promise<StartedPromotion> {
    const { from, to, body, proven, before, result } = step;
    const { stacks, leftOut } = result;
    const { promotion, content, record } = proven;
    const stackTemplates = this.tools.catalogue.stacks.templates();
    const after: DeployedContent = { manifest: result.manifest, overrides: result.overrides };
    const shown = (await this.deployedIn(deployment, to)) ?? before;
    const diff = promotionDiff(shown, after, to, stacks, stackTemplates);
    const parameters = this.parameters(body, promotion, stacks);
    const start = { type: 'clone', stack: null, environment: to, parameters } as const;
    const { sourceRevision } = promotion;
    const facts = { from, to, proven: content, sourceRevision, revision: deployment.revision, result };
    const soak = soakNotice(from, record.lastDeployedAt, this.tools.clock.now());
    const advice = [...(soak ? [soak] : []), ...promotionAdvice(facts, stackTemplates)];
    if (body.preview) {
      const overrides = promotionOverrides(before, after, to, stacks, stackTemplates);
      const started = await this.intake.start(principal, deployment, { ...start, overrides });
      return { ...started, warnings: [...started.warnings, ...advice], promotion, diff, leftOut };
    }
    const { edits } = this.tools;
    const edit = await edits.prepare(principal, deployment, before.manifest, result.manifest);
    const environment = await edits.environmentAfter(edit, to);
    const candidate = { deployment: edit.then, manifest: edit.after, environment };
    const asked = { ...start, overrides: result.overrides };
    const prepared = await this.intake.prepare(principal, edit.then, asked, candidate);
    const started = await this.intake.accept(prepared, (enter) => edits.write(edit, enter));
    return { ...started, warnings: [...started.warnings, ...advice], promotion, diff, leftOut };
  }

  /** @throws Refused what is wrong in the manifest that comes out */
  private async promoted(
    deployment: Deployment,
    from: EnvironmentName,
    to: EnvironmentName,
    proven: Proven,
  ): Promise<{ before: DeployedContent; result: Promoted }> {
    const { catalogue } = this.tools;
    const { deploymentId, organization } = deployment;
    const manifest = await this.proofs.manifest(deploymentId, deployment.revision);
    const last = await this.stores.operations.findLatest(deploymentId, to, { types: ['clone'] });
    const base = last?.parameters.promotion;
    const result = promote({
      from,
      to,
      proven: proven.content,
      base: base ? { manifest: await this.proofs.manifest(deploymentId, base.sourceRevision), overrides: {} } : null,
      current: manifest,
      stackTemplates: catalogue.stacks.templates(),
    });
    if (result.stacks.length === 0) {
      throw new Refused('NO_STACK_MATCHED', `No stack of ${from} takes part in ${to}`, {
        details: { from, to, stacks: result.leftOut },
        suggestion: `Enable stacks in ${to} first.`,
      });
    }
    const surroundings = { ...catalogue.surroundings(organization), deploymentId, environment: to };
    const refusal = manifestRefusal(validateManifest(result.manifest, surroundings).findings);
    if (refusal) throw refusal;
    return { before: { manifest, overrides: {} }, result };
  }

  /** What the last successful deployment there was made from; null = there was none. */
  private async deployedIn(deployment: Deployment, environment: EnvironmentName): Promise<DeployedContent | null> {
    const last = await this.stores.operations.findLatest(deployment.deploymentId, environment, {
      types: DEPLOYING,
      status: 'success',
    });
    return last && this.proofs.contentOf(last);
  }

  private parameters(body: PromoteBody, promotion: Promotion, stacks: readonly string[]): OperationParameters {
    return {
      preview: body.preview ?? false,
      parallel: this.tools.config.runs.parallelStacks,
      schedule: 'ready',
      smartSkip: true,
      force: false,
      continueOnError: false,
      rollbackOnError: true,
      stackTimeoutSeconds: null,
      destructiveConfirmed: false,
      stackFilter: stacks,
      skipStacks: [],
      includeDependencies: false,
      skipDependencies: false,
      skipValidation: false,
      waitForLock: body.waitForLock ?? false,
      message: null,
      toVersion: null,
      promotion,
    };
  }
}

/** One step at a time, forward. */
function requireStep(from: EnvironmentName, to: EnvironmentName): void {
  if (from === to) {
    throw new Conflict('CLONE_TARGET_CONFLICT', `${to} cannot be promoted into itself`, {
      details: { from, to },
      suggestion: 'Name the step before: dev for stage, stage for prod.',
    });
  }
  const predecessor = PREDECESSOR[to];
  if (predecessor === from) return;
  throw promotionBlocked(
    predecessor ? `${to} is promoted from ${predecessor}, not from ${from}` : 'Nothing is promoted into dev',
    { from, to, predecessor },
    predecessor ? `Promote into ${predecessor} first, then from there.` : 'Deploy dev instead.',
  );
}

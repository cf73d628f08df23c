import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Refused } from '../../../shared/errors/app-error.js';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import type { Finding } from '../../templates/finding.js';
import { targetOf } from '../deployment-records.js';
import type { Deployment } from '../deployment.js';
import { OperationsRepository } from '../operations/operations.repository.js';
import { EnvironmentsRepository } from './environments.repository.js';
import { PREDECESSOR, type PredecessorStanding, promotionFinding } from './promotion-order.js';

/** Holds enabling and deploying against the order dev → stage → prod (deployments.md 9.3, rule ENV-W02). */
@Injectable()
export class PromotionGate {
  constructor(
    private readonly config: Config,
    private readonly access: Access,
    private readonly environments: EnvironmentsRepository,
    private readonly operations: OperationsRepository,
  ) {}

  /** ENV-W02 of that environment as PROMOTION_ENFORCE has it: LOW with `warn`, HIGH with `block`. */
  async finding(deploymentId: string, target: EnvironmentName): Promise<Finding | null> {
    const standing = await this.standingBefore(deploymentId, target);
    return standing && promotionFinding(target, standing, this.isBlocking ? 'HIGH' : 'LOW');
  }

  /** Of several environments, for validation. */
  async findings(deploymentId: string, targets: readonly EnvironmentName[]): Promise<readonly Finding[]> {
    const found: Finding[] = [];
    for (const target of targets)
      found.push(...[await this.finding(deploymentId, target)].filter((each) => each !== null));
    return found;
  }

  /**
   * @param request `preview` changes nothing and is never blocked; `force` lets an administrator pass
   * @returns warnings of what went through
   * @throws Refused `PROMOTION_BLOCKED`
   */
  async pass(
    principal: Principal,
    deployment: Deployment,
    target: EnvironmentName,
    request: { readonly preview: boolean; readonly force: boolean },
  ): Promise<readonly Finding[]> {
    const finding = await this.finding(deployment.deploymentId, target);
    if (!finding) return [];
    if (!this.isBlocking || request.preview) return [finding];
    // the right of administrators alone, in every environment
    const isAdmin = this.access.may(principal, 'state:write', { ...targetOf(deployment), environment: target });
    if (request.force && isAdmin) return [{ ...finding, severity: 'LOW' }];
    throw promotionBlocked(finding.message, { ...finding.details, target }, finding.remediation);
  }

  /** Where the step before stands; null = there is none. */
  async standingBefore(deploymentId: string, target: EnvironmentName): Promise<PredecessorStanding | null> {
    const environment = PREDECESSOR[target];
    if (!environment) return null;
    return {
      environment,
      record: await this.environments.find(deploymentId, environment),
      lastOperation: await this.operations.findLatest(deploymentId, environment),
    };
  }

  private get isBlocking(): boolean {
    return this.config.runs.promotionEnforce === 'block';
  }
}

export function promotionBlocked(
  message: string,
  details: Readonly<Record<string, unknown>>,
  suggestion: string,
): Refused {
  return new Refused('PROMOTION_BLOCKED', message, { details, suggestion });
}

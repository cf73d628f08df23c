import { Injectable } from '@nestjs/common';
import { Access } from '../../../shared/http/access.port.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Catalogue } from '../catalogue.js';
import { DeploymentsService } from '../deployments.service.js';
import { DeploymentStores } from '../deployment-stores.js';
import { readableEnvironments } from '../environments/readable-environments.js';
import { isStanding } from '../operations/rollback-target.js';
import { type DeploymentMetrics, metricsOf } from './deployment-metrics.js';

/** Periods of the metrics, in ms. */
const PERIODS_MS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
export type MetricsPeriod = keyof typeof PERIODS_MS;
export const METRICS_PERIODS = Object.keys(PERIODS_MS) as readonly MetricsPeriod[];

export interface MetricsAnswer {
  readonly from: Date;
  readonly to: Date;
  readonly metrics: DeploymentMetrics;
}

/** Numbers of a deployment, from the operations that ended in a period. */
@Injectable()
export class DeploymentMetricsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFound, Denied */
  async of(
    principal: Principal,
    deploymentId: string,
    query: { readonly environment?: EnvironmentName; readonly period: MetricsPeriod },
  ): Promise<MetricsAnswer> {
    const permission = 'metrics:read';
    const deployment = await this.deployments.load(principal, deploymentId, permission);
    const asked = query.environment && [query.environment];
    const environments = readableEnvironments(this.access, { principal, permission }, deployment, asked);
    const to = this.clock.now();
    const from = new Date(to.getTime() - PERIODS_MS[query.period]);
    const operations = await this.stores.operations.listEnded(deploymentId, environments, from);
    const instances = (await this.stores.instances.listOf(deploymentId)).filter(
      ({ status, environment }) => isStanding(status) && (environments?.includes(environment) ?? true),
    );
    const templates = this.catalogue.stacks.knownTemplates();
    const metrics = metricsOf(operations, {
      standing: new Set(instances.map(({ environment, stack }) => `${environment}/${stack}`)),
      monthly: (stack) => templates.get(stack)?.estimatedMonthlyCost ?? 0,
    });
    return { from, to, metrics };
  }
}

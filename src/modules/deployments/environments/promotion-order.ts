import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { Finding } from '../../templates/finding.js';
import type { Operation } from '../operations/operation.js';
import type { Environment } from './environment.js';
import type { Notice } from './notice.js';

/** The step before: nothing comes before dev (deployments.md 9.3). */
export const PREDECESSOR: Readonly<Record<EnvironmentName, EnvironmentName | null>> = {
  dev: null,
  stage: 'dev',
  prod: 'stage',
};

/** Hours that what was deployed there should have run before the next step; a recommendation (deployments.md 9.3). */
export const SOAK_HOURS: Readonly<Partial<Record<EnvironmentName, number>>> = { dev: 24, stage: 48 };

/** Where the step before stands. */
export interface PredecessorStanding {
  readonly environment: EnvironmentName;
  /** null = the deployment has no such environment. */
  readonly record: Pick<Environment, 'status' | 'lastDeployedAt'> | null;
  /** The newest that was no preview. */
  readonly lastOperation: Pick<Operation, 'operationId' | 'status' | 'type'> | null;
}

/** Why nothing can be promoted from there; null = it can: it is `deployed` and its last operation was successful. */
export function whyNotProven({ environment, record, lastOperation }: PredecessorStanding): string | null {
  if (!record) return `${environment} is not part of the deployment`;
  if (record.status !== 'deployed') return `${environment} is ${record.status}, not deployed`;
  if (lastOperation?.status === 'success') return null;
  return lastOperation
    ? `the last operation in ${environment} (${lastOperation.operationId}) is ${lastOperation.status}`
    : `nothing was ever run in ${environment}`;
}

/** [ENV-W02] for `target`, null when the step before is proven. */
export function promotionFinding(
  target: EnvironmentName,
  standing: PredecessorStanding,
  severity: 'LOW' | 'HIGH',
): Finding | null {
  const why = whyNotProven(standing);
  if (why === null) return null;
  const { environment, record, lastOperation } = standing;
  const hours = SOAK_HOURS[environment];
  return {
    ruleId: 'ENV-W02',
    code: 'PROMOTION_ORDER',
    severity,
    message: `${target} comes after ${environment}, but ${why}`,
    location: `environments.${target}`,
    environment: target,
    details: {
      predecessor: environment,
      status: record?.status ?? null,
      lastOperation: lastOperation?.operationId ?? null,
      recommendedSoakHours: hours ?? null,
    },
    remediation: `Deploy ${environment} first, and let it run for ${hours} hours before ${target} follows.`,
  };
}

/** What was deployed in `environment` has not run for the recommended time; null when it has. */
export function soakNotice(environment: EnvironmentName, lastDeployedAt: Date | null, now: Date): Notice | null {
  const hours = SOAK_HOURS[environment];
  if (hours === undefined || !lastDeployedAt) return null;
  const ran = (now.getTime() - lastDeployedAt.getTime()) / 3_600_000;
  if (ran >= hours) return null;
  return {
    code: 'SOAK_TIME',
    severity: 'LOW',
    message: `${environment} was deployed ${Math.floor(ran)} hours ago; ${hours} hours are recommended before the next step`,
    details: { hours: Math.floor(ran), recommendedSoakHours: hours, lastDeployedAt: lastDeployedAt.toISOString() },
  };
}

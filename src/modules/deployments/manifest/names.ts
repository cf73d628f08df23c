import type { EnvironmentName } from '../../../shared/http/principal.js';
import { slugOf } from './slug.js';

/** Derived names of deployments.md 1.4; the key of an environment stands in deployment.ts. */

/** `D1BRV40-company-a-ecommerce`; never parsed back, slugs contain dashes. */
export function directoryName(deploymentId: string, organization: string, project: string): string {
  return `${deploymentId}-${slugOf(organization)}-${slugOf(project)}`;
}

/** `D1BRV40-network-dev`. */
export function pulumiStackName(deploymentId: string, stack: string, environment: EnvironmentName): string {
  return `${deploymentId}-${stack}-${environment}`;
}

/** `company-a/ecommerce/D1BRV40-network-dev`. */
export function pulumiPath(pulumiOrg: string, projectSlug: string, pulumiStack: string): string {
  return `${pulumiOrg}/${projectSlug}/${pulumiStack}`;
}

/** `config/network.dev.yaml`, inside the deployment's directory. */
export function configFilePath(stack: string, environment: EnvironmentName): string {
  return `config/${stack}.${environment}.yaml`;
}

export const PULUMI_ORG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/;
export const ACCOUNT_ID = /^\d{12}$/;
/** RFC 1123 host, at least two labels. */
export const DOMAIN = /^(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

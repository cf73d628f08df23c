import type { Access } from '../../../shared/http/access.port.js';
import { ENVIRONMENTS, type EnvironmentName, type Principal } from '../../../shared/http/principal.js';
import { targetOf } from '../deployment-records.js';
import type { Deployment } from '../deployment.js';

/**
 * Environments of a deployment that the caller may look at under a permission; null = all, no filter is needed.
 * @param asked each of them must be readable
 * @throws Denied for one that was asked for and is not
 */
export function readableEnvironments(
  access: Access,
  { principal, permission }: { readonly principal: Principal; readonly permission: string },
  deployment: Deployment,
  asked?: readonly EnvironmentName[],
): readonly EnvironmentName[] | null {
  const target = targetOf(deployment);
  const resource = { kind: 'deployment', id: deployment.deploymentId };
  for (const environment of asked ?? []) access.require(principal, permission, { ...target, environment }, resource);
  if (asked) return asked;
  const allowed = ENVIRONMENTS.filter((environment) => access.may(principal, permission, { ...target, environment }));
  return allowed.length === ENVIRONMENTS.length ? null : allowed;
}

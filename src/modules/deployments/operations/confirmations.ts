import { Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';

/** What a body may carry to confirm (deployments.md 9.4). */
export interface Confirmation {
  readonly environment: EnvironmentName;
  readonly confirm?: boolean | string;
  readonly skipConfirmation?: boolean;
}

/** prod wants `confirm: true` or the deployment id. @throws Refused `CONFIRMATION_REQUIRED` */
export function requireProdConfirmation(deploymentId: string, body: Confirmation, what: string): void {
  if (body.environment !== 'prod' || body.confirm === true || body.confirm === deploymentId) return;
  throw confirmationRequired(true, what);
}

/** dev and stage want `confirm: true` or `skipConfirmation: true`; prod wants the deployment id. @throws Refused `CONFIRMATION_REQUIRED` */
export function requireDestructiveConfirmation(deploymentId: string, body: Confirmation, what: string): void {
  if (body.confirm === deploymentId) return;
  if (body.environment === 'prod') throw confirmationRequired(deploymentId, `${what} prod`);
  if (body.confirm === true || body.skipConfirmation === true) return;
  throw confirmationRequired(true, `${what} ${body.environment}`);
}

/** dev and stage want `confirm: true`; prod wants the deployment id. @throws Refused `CONFIRMATION_REQUIRED` */
export function requireStateConfirmation(deploymentId: string, body: Confirmation, what: string): void {
  requireDestructiveConfirmation(deploymentId, { environment: body.environment, confirm: body.confirm }, what);
}

function confirmationRequired(expected: true | string, what: string): Refused {
  return new Refused('CONFIRMATION_REQUIRED', `${what} needs "confirm": ${JSON.stringify(expected)}`, {
    details: { field: 'confirm', expected },
  });
}

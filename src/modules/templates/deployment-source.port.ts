import type { Principal } from '../../shared/http/principal.js';
import type { TemplateDocument } from './custom-template.js';

/** What a deployment gives to a template (deployments.md 2.5): nothing that is its own, no secret. */
export interface TemplateFromDeployment {
  /** Of the deployment. */
  readonly organization: string;
  /** `environments`, `stacks`, `variables`; the caller adds name and version. */
  readonly document: TemplateDocument;
}

/**
 * Templates are below deployments and cannot ask them; the deployments module hands its implementation to
 * CustomTemplatesService when it starts.
 */
export abstract class DeploymentSource {
  /** @throws NotFound, Denied: the principal must be able to read the deployment */
  abstract describe(principal: Principal, deploymentId: string): Promise<TemplateFromDeployment>;
}

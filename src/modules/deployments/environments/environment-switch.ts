import { Conflict, NotFound, Refused } from '../../../shared/errors/app-error.js';
import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import { defaultFor } from '../../templates/parameter.js';
import type { Manifest, ManifestEnvironment } from '../manifest/manifest.js';

/** Region of prod where the manifest does not tell another secondary one (api.md 3.3). */
const SECONDARY_REGION = 'us-west-2';

export interface EnableInput {
  /** 12 digits; needed when the manifest has no such environment. */
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** Exactly these take part there; missing = as the manifest has it. */
  readonly stacks?: readonly string[] | undefined;
}

/**
 * The manifest with the environment on; one that it lacks is made (deployments.md 9.2).
 * @throws Refused `ENVIRONMENT_INCOMPLETE` without an account, `VALIDATION_INVALID_TEMPLATE` for a stack it lacks; Conflict
 * `RESOURCE_CONFLICT` for another account or region than the declared one
 */
export function withEnabled(
  manifest: Manifest,
  environment: EnvironmentName,
  input: EnableInput,
  stackTemplates: StackTemplates,
): Manifest {
  const known = manifest.spec.environments[environment];
  if (known) requireSamePlace(environment, known, input);
  const block = known ?? newEnvironment(manifest, environment, input, stackTemplates);
  const environments = { ...manifest.spec.environments, [environment]: { ...block, enabled: true } };
  const stacks = input.stacks ? withOnly(manifest, environment, input.stacks) : manifest.spec.stacks;
  return { ...manifest, spec: { ...manifest.spec, environments, stacks } };
}

/** @throws Refused `DEV_REQUIRED`; NotFound `ENVIRONMENT_NOT_FOUND` */
export function withDisabled(manifest: Manifest, environment: EnvironmentName): Manifest {
  requireNotDev(environment);
  const block = manifest.spec.environments[environment];
  if (!block) throw noEnvironment(environment);
  const environments = { ...manifest.spec.environments, [environment]: { ...block, enabled: false } };
  return { ...manifest, spec: { ...manifest.spec, environments } };
}

/** @throws Refused `DEV_REQUIRED` */
export function requireNotDev(environment: EnvironmentName): void {
  if (environment !== 'dev') return;
  throw new Refused('DEV_REQUIRED', 'dev is always enabled', {
    details: { environment },
    suggestion: 'Destroy dev to be rid of its resources, or delete the deployment.',
  });
}

export function noEnvironment(environment: EnvironmentName): NotFound {
  return new NotFound('environment', environment, {
    code: 'ENVIRONMENT_NOT_FOUND',
    suggestion: `Enable it: POST …/environments/${environment}/enable with an account.`,
  });
}

function newEnvironment(
  manifest: Manifest,
  environment: EnvironmentName,
  { account, region }: EnableInput,
  stackTemplates: StackTemplates,
): ManifestEnvironment {
  if (!account) {
    throw new Refused('ENVIRONMENT_INCOMPLETE', `The manifest has no ${environment}: its account is needed`, {
      details: { environment, field: 'account', missing: ['account'] },
      suggestion: 'Send account (12 digits), and region where it is not the usual one.',
    });
  }
  const primary = manifest.spec.environments.dev?.region ?? '';
  const told = manifest.spec.environments.dev?.config?.['secondaryRegion'];
  const secondary = typeof told === 'string' ? told : SECONDARY_REGION;
  const own = region ?? (environment === 'prod' ? secondary : primary); // deployments.md 2.4
  const second = [secondary, primary].find((each) => each !== own);
  const declared = Object.keys(manifest.spec.stacks)
    .map((name) => stackTemplates.get(name)?.inputs['secondaryRegion'])
    .find(Boolean);
  const config =
    declared && second && second !== defaultFor(declared, environment) ? { secondaryRegion: second } : undefined;
  return { enabled: true, account, region: own, ...(config ? { config } : {}) };
}

function requireSamePlace(environment: EnvironmentName, known: ManifestEnvironment, input: EnableInput): void {
  for (const field of ['account', 'region'] as const) {
    const wanted = input[field];
    if (wanted === undefined || wanted === known[field]) continue;
    throw new Conflict('RESOURCE_CONFLICT', `${environment} is declared with ${field} ${known[field]}`, {
      details: { environment, field, declared: known[field], wanted },
      suggestion: `Leave ${field} out, or change it with PUT of the deployment.`,
    });
  }
}

function withOnly(
  manifest: Manifest,
  environment: EnvironmentName,
  wanted: readonly string[],
): Manifest['spec']['stacks'] {
  const known = Object.keys(manifest.spec.stacks);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Refused('VALIDATION_INVALID_TEMPLATE', `The manifest has no stack ${unknown.join(', ')}`, {
      details: { field: 'stacks', stacks: unknown, known },
    });
  }
  return Object.fromEntries(
    Object.entries(manifest.spec.stacks).map(([name, block]) => {
      const own = block.environments?.[environment];
      const enabled = wanted.includes(name);
      if ((own?.enabled ?? true) === enabled) return [name, block];
      return [name, { ...block, environments: { ...block.environments, [environment]: { ...own, enabled } } }];
    }),
  );
}

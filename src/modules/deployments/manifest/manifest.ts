import type { EnvironmentName } from '../../../shared/http/principal.js';

type Values = Readonly<Record<string, unknown>>;

/** The editable document that defines one deployment, all environments together (deployments.md 3.3). Unknown keys are kept. */
export interface Manifest {
  /** Of the format: `3.x` or `4.x`. */
  readonly version: string;
  readonly deployment: ManifestDeployment;
  readonly spec: {
    readonly environments: Readonly<Partial<Record<EnvironmentName, ManifestEnvironment>>>;
    readonly stacks: Readonly<Record<string, ManifestStack>>;
  };
  readonly metadata: Values;
}

export interface ManifestDeployment {
  readonly id: string;
  /** Raw name. */
  readonly org: string;
  /** Raw name. */
  readonly project: string;
  readonly domain: string;
  readonly pulumiOrg: string;
  /** Name of the manifest template, `custom` without one. */
  readonly template: string;
  readonly templateVersion?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly contact?: { readonly email?: string; readonly team?: string };
  readonly team?: string;
  readonly costCenter?: string;
  readonly pulumi?: { readonly backend?: string };
}

export interface ManifestEnvironment {
  /** `dev` is always enabled. */
  readonly enabled: boolean;
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Tier 2b, and what `{{ENV:key}}` finds. */
  readonly config?: Values;
}

export interface ManifestStack {
  /** Global switch. */
  readonly enabled: boolean;
  /** At least the list of the stack template. */
  readonly dependencies: readonly string[];
  readonly priority?: number;
  /** Advisory, 1–10. */
  readonly layer?: number;
  /** Tier 2a. */
  readonly config?: Values;
  readonly environments?: Readonly<Partial<Record<EnvironmentName, ManifestStackEnvironment>>>;
}

export interface ManifestStackEnvironment {
  /** false = excluded in that environment. */
  readonly enabled?: boolean;
  /** Tier 2c. */
  readonly config?: Values;
}

/** The stack takes part in that environment: both its switches are on. The environment's own switch does not count here. */
export function isStackOn(manifest: Manifest, stack: string, environment: EnvironmentName): boolean {
  const block = manifest.spec.stacks[stack];
  return block !== undefined && block.enabled && block.environments?.[environment]?.enabled !== false;
}

/** Declared environments in the order dev, stage, prod. */
export function declaredEnvironments(manifest: Manifest): EnvironmentName[] {
  return (['dev', 'stage', 'prod'] as const).filter((name) => manifest.spec.environments[name] !== undefined);
}

export function enabledEnvironments(manifest: Manifest): EnvironmentName[] {
  return declaredEnvironments(manifest).filter((name) => manifest.spec.environments[name]?.enabled === true);
}

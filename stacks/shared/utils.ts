import { createHash } from 'node:crypto';
import type * as pulumi from '@pulumi/pulumi';
import type { Context } from './types.js';

/** Limits of physical names, in characters (stacks.md N3). */
export const NAME_LIMITS = {
  eks: 100,
  s3: 63,
  iam: 64,
  rds: 63,
  loadBalancer: 32,
  cognitoDomain: 63,
  lambda: 64,
  sqs: 80,
  stateMachine: 80,
  dashboard: 255,
  sns: 256,
  tag: 255,
} as const;

/**
 * A physical name that no other deployment in the account has: `{project}-{env}-{component}-{depId}`; too long for `limit`:
 * `{depId}-{env}-{component}`; still too long: cut, with six hex digits of its SHA-256 (stacks.md N3). Always lower case.
 */
export function name(ctx: Context, component: string, limit: number): string {
  const long = `${ctx.project}-${ctx.environment}-${component}-${ctx.depId}`.toLowerCase();
  if (long.length <= limit) return long;
  const short = `${ctx.depId}-${ctx.environment}-${component}`.toLowerCase();
  if (short.length <= limit) return short;
  return `${short.slice(0, limit - 7)}-${createHash('sha256').update(short).digest('hex').slice(0, 6)}`;
}

/** `name` within the limit of RDS, whose names begin with a letter: a project that does not gives way to the deployment id. */
export function rdsName(ctx: Context, component: string): string {
  const made = name(ctx, component, NAME_LIMITS.rds);
  return /^[a-z]/.test(made) ? made : name(ctx, component, made.length - 1);
}

/** `/cloud/{depId}/{env}/{stack}/{component}` (stacks.md N4). */
export const logGroupPath = (ctx: Context, component: string): string =>
  `/cloud/${ctx.depId}/${ctx.environment}/${ctx.stack}/${component}`;

/** `alias/{project}-{env}-{depId}-{key}` (stacks.md N4). */
export const kmsAliasName = (ctx: Context, key: string): string =>
  `alias/${ctx.project}-${ctx.environment}-${ctx.depId}-${key}`;

/** `{project}/{env}/{depId}`: prefix of secret names and image repositories (stacks.md N4). */
export const pathPrefix = (ctx: Context): string => `${ctx.project}/${ctx.environment}/${ctx.depId}`;

/** Tags of every taggable resource, in the order of stacks.md T1. */
export const COMMON_TAG_KEYS = [
  'Name',
  'Project',
  'Organization',
  'Environment',
  'DeploymentId',
  'Stack',
  'ManagedBy',
  'Team',
  'CostCenter',
] as const;

/** IAM, the strictest, allows letters, digits, spaces and these signs in a tag value; the rest of a raw name becomes a dash. */
const tagText = (text: string): string => text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '-');

/** T1, then the deployment's own tags, then what `extra` says about this resource alone. */
export function tags(ctx: Context, component: string, extra: Record<string, string> = {}): Record<string, string> {
  return {
    Name: name(ctx, component, NAME_LIMITS.tag),
    Project: ctx.project,
    Organization: tagText(ctx.organization),
    Environment: ctx.environment,
    DeploymentId: ctx.deploymentId,
    Stack: ctx.stack,
    ManagedBy: 'pulumi',
    ...(ctx.team === undefined ? {} : { Team: tagText(ctx.team) }),
    ...(ctx.costCenter === undefined ? {} : { CostCenter: tagText(ctx.costCenter) }),
    ...ctx.extraTags,
    ...extra,
  };
}

export interface OptionSpec {
  /** Belongs to the stateful set L1: protected while `protectStateful` is set. */
  readonly stateful?: boolean;
  readonly dependsOn?: pulumi.Resource[];
  /** For create, update and delete alike (stacks.md L6). */
  readonly timeoutMinutes?: number;
  readonly ignoreChanges?: string[];
}

/** The one place of resource options. */
export function opts(ctx: Context, spec: OptionSpec = {}): pulumi.CustomResourceOptions {
  const timeout = spec.timeoutMinutes === undefined ? undefined : `${spec.timeoutMinutes}m`;
  return {
    ...(spec.stateful ? { protect: ctx.protectStateful } : {}),
    ...(spec.dependsOn ? { dependsOn: spec.dependsOn } : {}),
    ...(spec.ignoreChanges ? { ignoreChanges: spec.ignoreChanges } : {}),
    ...(timeout ? { customTimeouts: { create: timeout, update: timeout, delete: timeout } } : {}),
  };
}

/** The same keys with other values. */
export const mapValues = <T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

import { z } from 'zod';
import { ENVIRONMENTS } from '../../../shared/http/principal.js';
import type { Manifest } from './manifest.js';
import { DEPLOYMENT_ID } from './deployment-id.js';
import { isObject } from './merge.js';
import { ACCOUNT_ID, DOMAIN, PULUMI_ORG } from './names.js';
import { isKnownRegion } from './regions.js';
import { NAME_LENGTH, slugOf } from './slug.js';

/** Canonical form of deployments.md 3.3. Unknown keys are kept and reported apart (SCH-W01). */

const values = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string());
const timestamp = z.iso.datetime({ offset: true });
const name = z.string().min(1).max(NAME_LENGTH);

const DEPLOYMENT = z.looseObject({
  id: z.string().regex(DEPLOYMENT_ID, 'must be D followed by 5 to 9 upper-case letters or digits'),
  org: name,
  project: name,
  domain: z.string().regex(DOMAIN, 'must be a domain with at least two labels'),
  pulumiOrg: z.string().regex(PULUMI_ORG).optional(),
  template: z.string().default('custom'),
  templateVersion: z.string().optional(),
  createdAt: timestamp,
  updatedAt: timestamp.optional(),
  description: z.string().optional(),
  tags: texts.optional(),
  contact: z.looseObject({ email: z.string().optional(), team: z.string().optional() }).optional(),
  team: z.string().max(64).optional(),
  costCenter: z.string().max(64).optional(),
  pulumi: z
    .looseObject({
      backend: z
        .string()
        .regex(/^(file|s3|azblob|gs|https):\/\//, 'must be a backend address')
        .optional(),
    })
    .optional(),
});
const ENVIRONMENT = z.looseObject({
  enabled: z.boolean(),
  account: z.string().regex(ACCOUNT_ID, 'must be 12 digits'),
  region: z.string().refine(isKnownRegion, 'must be a known AWS region'),
  tags: texts.optional(),
  config: values.optional(),
});
const STACK = z.looseObject({
  enabled: z.boolean(),
  dependencies: z.array(z.string()),
  priority: z.int().min(1).max(999).optional(),
  layer: z.int().min(1).max(10).optional(),
  config: values.optional(),
  environments: z
    .record(z.string(), z.looseObject({ enabled: z.boolean().optional(), config: values.optional() }))
    .optional(),
});
const MANIFEST = z.looseObject({
  version: z
    .string()
    .regex(/^[34]\.\d+(\.\d+)?$/, 'must be 3.x or 4.x')
    .default('3.1'),
  deployment: DEPLOYMENT,
  spec: z.looseObject({
    environments: z.record(z.string(), ENVIRONMENT),
    stacks: z
      .record(z.string(), STACK)
      .refine((stacks) => Object.keys(stacks).length > 0, 'must have at least one stack'),
  }),
  metadata: values.default({}),
});

export interface SchemaIssue {
  /** Rule that owns the place. */
  readonly ruleId: string;
  /** Without `spec.`. */
  readonly location: string;
  readonly message: string;
  readonly actual: unknown;
}

/** Place (without `spec.`) → rule of deployments.md 8.4; anything else is SCH-004. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^version$/, 'SCH-002'],
  [/^deployment\.id$/, 'SCH-003'],
  [/^environments\.[^.]+\.account$/, 'SCH-005'],
  [/^environments\.[^.]+\.region$/, 'SCH-006'],
  [/^deployment\.(createdAt|updatedAt)$/, 'SCH-007'],
  [/^stacks\.[^.]+\.priority$/, 'SCH-011'],
  [/^stacks\.[^.]+\.layer$/, 'SCH-012'],
];

/** Reads the canonical form; `manifest` is there when the shape is right. Environment names are SCH-009's business. */
export function readManifest(document: unknown): {
  readonly manifest?: Manifest;
  readonly issues: readonly SchemaIssue[];
} {
  const parsed = MANIFEST.safeParse(document);
  if (!parsed.data) return { issues: parsed.error?.issues.map((issue) => toIssue(issue, document)) ?? [] };
  const { deployment } = parsed.data;
  const manifest = {
    ...parsed.data,
    deployment: { ...deployment, pulumiOrg: deployment.pulumiOrg ?? slugOf(deployment.org) },
  };
  return { manifest: manifest as unknown as Manifest, issues: [] };
}

function toIssue(issue: z.core.$ZodIssue, document: unknown): SchemaIssue {
  const path = issue.path.map(String);
  const actual = path.reduce<unknown>(
    (value, key) => (isObject(value) || Array.isArray(value) ? (value as never)[key] : undefined),
    document,
  );
  const location = (path[0] === 'spec' ? path.slice(1) : path).join('.');
  if (actual === undefined) return { ruleId: 'SCH-001', location, message: `${location} is required`, actual };
  const ruleId = OWNERS.find(([place]) => place.test(location))?.[1] ?? 'SCH-004';
  return { ruleId, location, message: `${location}: ${issue.message}`, actual };
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': ['version', 'deployment', 'spec', 'metadata'],
  spec: ['environments', 'stacks'],
  deployment: Object.keys(DEPLOYMENT.shape),
  environment: Object.keys(ENVIRONMENT.shape),
  stack: Object.keys(STACK.shape),
};

/** Keys the schema does not know; they are kept (SCH-W01). */
export function unknownKeys(manifest: Manifest): string[] {
  const { spec } = manifest;
  const of = (block: unknown, kind: string, place: string): string[] =>
    Object.keys(block as object)
      .filter((key) => !KNOWN[kind]?.includes(key))
      .map((key) => (place === '' ? key : `${place}.${key}`));
  return [
    ...of(manifest, '', ''),
    ...of(spec, 'spec', ''),
    ...of(manifest.deployment, 'deployment', 'deployment'),
    ...Object.entries(spec.environments).flatMap(([key, block]) => of(block, 'environment', `environments.${key}`)),
    ...Object.entries(spec.stacks).flatMap(([key, block]) => of(block, 'stack', `stacks.${key}`)),
  ];
}

/** Places where an environment is named that is not dev, stage or prod. */
export function wrongEnvironmentNames(manifest: Manifest): { readonly location: string; readonly name: string }[] {
  const wrong = (names: object | undefined, place: string): { location: string; name: string }[] =>
    Object.keys(names ?? {})
      .filter((key) => !(ENVIRONMENTS as readonly string[]).includes(key))
      .map((key) => ({ location: `${place}.${key}`, name: key }));
  return [
    ...wrong(manifest.spec.environments, 'environments'),
    ...Object.entries(manifest.spec.stacks).flatMap(([key, block]) =>
      wrong(block.environments, `stacks.${key}.environments`),
    ),
  ];
}

import { z } from 'zod';
import { contentHash } from '../../shared/kernel/canonical-json.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../shared/http/principal.js';
import { applyRules, type Finding, type Rule, type Violation } from './finding.js';
import { PARAMETER_TYPES } from './parameter.js';
import { type CustomFacts, TEMPLATE_NAME, type ManifestTemplate, type TemplateStack } from './manifest-template.js';
import { titleOf } from './stack-template.document.js';

/**
 * A manifest template as it is written and how it becomes a ManifestTemplate.
 * 1. Lists become maps: `environments: [dev]`, `stacks: [network]` or `[{name: network}]`; `defaultConfig` goes into the stacks.
 * 2. zod reads the shape; issues are assigned to TPL-003 to TPL-006 and TPL-009 by where they stand.
 * TPL-007, 008, 010 and 011 need the registry: see template-rules.ts.
 */

const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
/** Versions of the format that older documents carry instead of their own (deployments.md 2.1). */
const FORMAT_VERSION = /^[34]\./;

const values = z.record(z.string(), z.unknown());
const environmentName = z.enum(ENVIRONMENTS as ['dev', 'stage', 'prod']);
const ENVIRONMENT = z.strictObject({
  enabled: z.boolean(),
  account: z.string().optional(),
  region: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  config: values.optional(),
});
const STACK = z.strictObject({
  enabled: z.boolean(),
  dependencies: z.array(z.string()).optional(),
  priority: z.int().min(1).max(999).optional(),
  layer: z.int().min(1).max(10).optional(),
  config: values.optional(),
  environments: z
    .partialRecord(environmentName, z.strictObject({ enabled: z.boolean().optional(), config: values.optional() }))
    .optional(),
});
const VARIABLE = z.strictObject({
  type: z.enum(PARAMETER_TYPES).default('string'),
  required: z.boolean().default(false),
  default: z.unknown().optional(),
  description: z.string().optional(),
});
const TEMPLATE = z.strictObject({
  name: z.string().regex(TEMPLATE_NAME, 'must be lower case letters, digits and dashes, at most 63'),
  displayName: z.string().max(100).optional(),
  description: z.string().max(1000).default(''),
  version: z.string().regex(SEMVER).or(z.string().regex(FORMAT_VERSION)).default('1.0.0'),
  metadata: values.default({}),
  variables: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), VARIABLE).default({}),
  environments: z.partialRecord(environmentName, ENVIRONMENT),
  stacks: z.record(z.string(), STACK),
  estimatedResources: z.number().min(0).default(0),
  estimatedMonthlyCost: z.number().min(0).default(0),
  deploymentTime: z.number().min(0).optional(),
});

/** Dev on, stage and prod off; regions of deployments.md 2.4. */
export const DEFAULT_ENVIRONMENTS: Readonly<Record<EnvironmentName, unknown>> = {
  dev: { enabled: true, account: '{{AWS_ACCOUNT_DEV}}', region: '{{PRIMARY_REGION}}' },
  stage: { enabled: false, account: '{{AWS_ACCOUNT_STAGE}}', region: '{{PRIMARY_REGION}}' },
  prod: { enabled: false, account: '{{AWS_ACCOUNT_PROD}}', region: '{{SECONDARY_REGION}}' },
};

interface DocumentContext {
  readonly raw: unknown;
  readonly shaped: unknown;
  readonly issues: readonly z.core.$ZodIssue[];
}

const isStackShape = (path: string): boolean => /^stacks(\.[^.]+)?$/.test(path);
const isVersion = (path: string): boolean => path === 'version';
const isStackField = (path: string): boolean => /^stacks\.[^.]+\.(enabled|dependencies)\b/.test(path);
const isEnvironments = (path: string): boolean => path.startsWith('environments');

const issuesAt =
  (belongs: (path: string) => boolean) =>
  ({ issues }: DocumentContext): Violation[] =>
    issues
      .filter((issue) => belongs(pathOf(issue)))
      .map((issue) => ({ message: messageOf(issue), location: pathOf(issue) }));

/** Rules of deployments.md 8.2 that the document can break by itself. TPL-001 (it parses) belongs to the reader of the text. */
export const TEMPLATE_DOCUMENT_RULES: readonly Rule<DocumentContext>[] = [
  {
    id: 'TPL-002',
    code: 'TEMPLATE_EMPTY',
    severity: 'CRITICAL',
    remediation: 'Write the template.',
    check: ({ raw }) => (isEmpty(raw) ? [{ message: 'the document is empty', location: '' }] : []),
  },
  {
    id: 'TPL-003',
    code: 'TEMPLATE_STACKS_MISSING',
    severity: 'CRITICAL',
    remediation: 'List the stacks of the template.',
    check: ({ raw }) =>
      !isEmpty(raw) && !('stacks' in (raw as object))
        ? [{ message: 'the template has no stacks', location: 'stacks' }]
        : [],
  },
  {
    id: 'TPL-004',
    code: 'TEMPLATE_SHAPE_INVALID',
    severity: 'CRITICAL',
    remediation: 'Follow the schema of manifest templates.',
    check: (context) =>
      isEmpty(context.raw) || !('stacks' in (context.raw as object))
        ? []
        : issuesAt((path) => isStackShape(path) || (!isVersion(path) && !isStackField(path) && !isEnvironments(path)))(
            context,
          ),
  },
  {
    id: 'TPL-005',
    code: 'UNSUPPORTED_VERSION',
    severity: 'HIGH',
    remediation: 'Use a semantic version like 1.0.0.',
    check: issuesAt(isVersion),
  },
  {
    id: 'TPL-006',
    code: 'TEMPLATE_STACK_INCOMPLETE',
    severity: 'HIGH',
    remediation: 'Give every stack `enabled` and `dependencies`.',
    check: (context) => [...issuesAt(isStackField)(context), ...withoutDependencies(context.raw)],
  },
  {
    id: 'TPL-009',
    code: 'INVALID_ENVIRONMENT_NAME',
    severity: 'HIGH',
    remediation: 'Use dev, stage and prod only; dev is always there and enabled.',
    check: (context) => [...issuesAt(isEnvironments)(context), ...withoutDev(context.shaped)],
  },
];

export interface TemplateOrigin {
  readonly type: 'built-in' | 'custom';
  /** Name when the document has none: the file's stem. */
  readonly fallbackName: string;
  /** The text it was read from. */
  readonly content: string;
  readonly custom?: CustomFacts;
}

/** Reads one manifest template; `template` is there when nothing blocks. */
export function readManifestTemplate(
  raw: unknown,
  origin: TemplateOrigin,
): { readonly template?: ManifestTemplate; readonly findings: readonly Finding[] } {
  const shaped = isEmpty(raw) ? raw : templateMaps(raw as Record<string, unknown>, origin.fallbackName);
  const parsed = TEMPLATE.safeParse(shaped);
  const findings = applyRules(TEMPLATE_DOCUMENT_RULES, { raw, shaped, issues: parsed.error?.issues ?? [] });
  if (!parsed.data || findings.length > 0) return { findings };
  const { displayName, deploymentTime, ...rest } = parsed.data;
  return {
    findings,
    template: {
      ...(rest as Omit<typeof rest, 'stacks'> & { stacks: Record<string, TemplateStack> }),
      displayName: displayName ?? titleOf(rest.name),
      type: origin.type,
      status: 'active',
      ...(origin.custom ? { custom: origin.custom } : {}),
      ...(deploymentTime === undefined ? {} : { deploymentTime }),
      contentHash: contentHash(shaped),
      content: origin.content,
    },
  };
}

/** Step 1: the map form of what may be written in lists. */
export function templateMaps(raw: Readonly<Record<string, unknown>>, fallbackName: string): Record<string, unknown> {
  const { template_name: alias, defaultConfig, name, environments, stacks, ...rest } = raw;
  return {
    ...rest,
    name: name ?? alias ?? fallbackName,
    environments: environmentMap(environments),
    stacks: withDefaultConfig(stackMap(stacks), defaultConfig),
  };
}

function environmentMap(written: unknown): unknown {
  if (written === undefined) return DEFAULT_ENVIRONMENTS;
  if (!Array.isArray(written)) return written;
  return Object.fromEntries(
    written.map((name: unknown) => [String(name), DEFAULT_ENVIRONMENTS[name as EnvironmentName] ?? {}]),
  );
}

function stackMap(written: unknown): unknown {
  if (!Array.isArray(written)) return written;
  return Object.fromEntries(
    written.map((entry: unknown) => {
      if (typeof entry === 'string') return [entry, { enabled: true }];
      const { name, required: _required, ...block } = (entry ?? {}) as Record<string, unknown>;
      return [String(name), { enabled: true, ...block }];
    }),
  );
}

function withDefaultConfig(stacks: unknown, defaults: unknown): unknown {
  if (defaults === null || typeof defaults !== 'object' || stacks === null || typeof stacks !== 'object') return stacks;
  return Object.fromEntries(
    Object.entries(stacks as Record<string, Record<string, unknown>>).map(([name, block]) => {
      const config = (defaults as Record<string, object | undefined>)[name];
      return [name, config ? { ...block, config: { ...config, ...(block['config'] as object | undefined) } } : block];
    }),
  );
}

function withoutDependencies(raw: unknown): Violation[] {
  const stacks = isEmpty(raw) ? undefined : (raw as { stacks?: unknown }).stacks;
  if (stacks === null || typeof stacks !== 'object' || Array.isArray(stacks)) return [];
  return Object.entries(stacks)
    .filter(([, block]) => block !== null && typeof block === 'object' && !('dependencies' in block))
    .map(([name]) => ({
      message: `stack ${name} has no dependencies`,
      location: `stacks.${name}.dependencies`,
      stack: name,
    }));
}

function withoutDev(shaped: unknown): Violation[] {
  const environments = isEmpty(shaped) ? undefined : (shaped as { environments?: unknown }).environments;
  if (environments === null || typeof environments !== 'object') return [];
  const dev = (environments as { dev?: { enabled?: unknown } }).dev;
  return dev?.enabled === true ? [] : [{ message: 'dev is missing or not enabled', location: 'environments.dev' }];
}

function isEmpty(raw: unknown): boolean {
  return raw === null || typeof raw !== 'object' || Array.isArray(raw) || Object.keys(raw).length === 0;
}

function pathOf(issue: z.core.$ZodIssue): string {
  return issue.path.map(String).join('.');
}

function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? `unknown keys: ${issue.keys.join(', ')}` : issue.message;
}

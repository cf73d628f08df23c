import { parseDocument } from 'yaml';
import type { Rule, Violation } from '../../templates/finding.js';
import type { DocumentContext, ManifestContext } from './manifest-context.js';
import { unknownKeys, wrongEnvironmentNames } from './manifest-schema.js';
import { isObject } from './merge.js';

/** Largest manifest text, in bytes (deployments.md 3.3). */
const MAX_BYTES = 1024 * 1024;

/** Reads YAML or JSON text. Duplicate keys and custom tags are errors, anchors are allowed. */
export function parseManifestText(text: string): {
  readonly document?: unknown;
  readonly problems: readonly Violation[];
} {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    return { problems: [{ message: 'the manifest is larger than 1 MiB', location: '' }] };
  }
  const parsed = parseDocument(text, { uniqueKeys: true, schema: 'core', prettyErrors: true });
  const problems = [...parsed.errors, ...parsed.warnings].map((error) => ({
    message: error.message.split('\n', 1)[0] ?? error.message,
    location: '',
    details: { line: error.linePos?.[0].line ?? null, column: error.linePos?.[0].col ?? null },
  }));
  if (problems.length > 0) return { problems };
  try {
    return { document: parsed.toJS({ maxAliasCount: 100 }), problems };
  } catch (error) {
    return { problems: [{ message: (error as Error).message, location: '' }] };
  }
}

/** Its violations come from parseManifestText. */
export const SYNTAX_RULE = {
  id: 'SYN-001',
  code: 'MANIFEST_SYNTAX',
  severity: 'CRITICAL',
  remediation: 'Correct the YAML or JSON text at the line named.',
} as const;

export const SYNTAX_RULES: readonly Rule<DocumentContext>[] = [
  {
    id: 'SYN-003',
    code: 'MANIFEST_NOT_FOUND',
    severity: 'CRITICAL',
    remediation: 'Give a manifest document.',
    check: ({ document }) => (isObject(document) ? [] : [{ message: 'there is no manifest document', location: '' }]),
  },
  {
    id: 'SYN-002',
    code: 'MANIFEST_SECTION_MISSING',
    severity: 'CRITICAL',
    remediation: 'Give the sections deployment, spec.environments and spec.stacks.',
    check: ({ document }) => {
      if (!isObject(document)) return [];
      const spec = isObject(document['spec']) ? document['spec'] : {};
      const sections = {
        deployment: document['deployment'],
        environments: spec['environments'],
        stacks: spec['stacks'],
      };
      return Object.entries(sections)
        .filter(([, section]) => !isObject(section))
        .map(([name]) => ({ message: `section ${name} is missing`, location: name }));
    },
  },
];

const owned = (
  id: string,
  code: string,
  severity: 'CRITICAL' | 'HIGH',
  remediation: string,
): Rule<DocumentContext> => ({
  id,
  code,
  severity,
  remediation,
  check: ({ issues }) =>
    issues
      .filter((issue) => issue.ruleId === id)
      .map(({ message, location, actual }) => ({ message, location, details: { actual: actual ?? null } })),
});

/** Rules the schema itself checks; which place belongs to which rule stands in manifest-schema.ts. */
export const SHAPE_RULES: readonly Rule<DocumentContext>[] = [
  owned('SCH-001', 'VALIDATION_REQUIRED_FIELD', 'CRITICAL', 'Give the field.'),
  owned('SCH-002', 'UNSUPPORTED_VERSION', 'CRITICAL', 'Use version "3.1".'),
  owned('SCH-003', 'INVALID_DEPLOYMENT_ID', 'CRITICAL', 'Use the id of the deployment.'),
  owned('SCH-004', 'VALIDATION_INVALID_FORMAT', 'CRITICAL', 'Follow the manifest schema.'),
  owned('SCH-005', 'INVALID_ACCOUNT_ID', 'CRITICAL', 'Write the account id as text of 12 digits.'),
  owned('SCH-006', 'INVALID_REGION', 'CRITICAL', 'Use a region of AWS, like us-east-1.'),
  owned('SCH-007', 'INVALID_TIMESTAMP', 'HIGH', 'Use ISO 8601, like 2025-10-09T14:30:00Z.'),
  owned('SCH-011', 'INVALID_PRIORITY', 'CRITICAL', 'Use a whole number from 1 to 999.'),
  owned('SCH-012', 'INVALID_LAYER', 'HIGH', 'Use a whole number from 1 to 10, or leave it out.'),
];

/** Rules on a manifest of the right shape. */
export const CONTENT_RULES: readonly Rule<ManifestContext>[] = [
  {
    id: 'SCH-003',
    code: 'INVALID_DEPLOYMENT_ID',
    severity: 'CRITICAL',
    remediation: 'Use the id of the deployment; it never changes.',
    check: ({ manifest, surroundings: { deploymentId } }) =>
      deploymentId === undefined || deploymentId === manifest.deployment.id
        ? []
        : [
            {
              message: `deployment.id is ${manifest.deployment.id}, expected ${deploymentId}`,
              location: 'deployment.id',
            },
          ],
  },
  {
    id: 'SCH-004',
    code: 'VALIDATION_INVALID_FORMAT',
    severity: 'CRITICAL',
    remediation: 'Split the deployment.',
    check: ({ manifest, surroundings: { maxStacks } }) => {
      const count = Object.keys(manifest.spec.stacks).length;
      return maxStacks === undefined || count <= maxStacks
        ? []
        : [{ message: `${count} stacks, at most ${maxStacks} are allowed`, location: 'stacks' }];
    },
  },
  {
    id: 'SCH-008',
    code: 'UNKNOWN_TEMPLATE',
    severity: 'HIGH',
    remediation: 'Use the name of a template, or custom.',
    check: ({ manifest: { deployment }, surroundings: { isKnownTemplate } }) =>
      !isKnownTemplate || deployment.template === 'custom' || isKnownTemplate(deployment.template)
        ? []
        : [{ message: `template ${deployment.template} is unknown`, location: 'deployment.template' }],
  },
  {
    id: 'SCH-009',
    code: 'INVALID_ENVIRONMENT_NAME',
    severity: 'CRITICAL',
    remediation: 'Use dev, stage and prod only.',
    check: ({ manifest }) =>
      wrongEnvironmentNames(manifest).map(({ location, name }) => ({
        message: `environment ${name} is not dev, stage or prod`,
        location,
        ...(name === 'staging' ? { remediation: 'Rename staging to stage.', details: { fixable: true } } : {}),
      })),
  },
  {
    id: 'SCH-010',
    code: 'DEV_REQUIRED',
    severity: 'CRITICAL',
    remediation: 'Declare dev and enable it.',
    check: ({ manifest }) =>
      manifest.spec.environments.dev?.enabled
        ? []
        : [{ message: 'dev must be declared and enabled', location: 'environments.dev', environment: 'dev' }],
  },
  {
    id: 'SCH-013',
    code: 'UNKNOWN_STACK',
    severity: 'CRITICAL',
    remediation: 'Register the stack or remove it.',
    check: ({ manifest, surroundings: { stackTemplates } }) =>
      Object.keys(manifest.spec.stacks)
        .filter((name) => !stackTemplates.has(name))
        .map((name) => ({
          message: `stack ${name} is not registered`,
          location: `stacks.${name}`,
          stack: name,
          details: { known: [...stackTemplates.keys()] },
        })),
  },
  {
    id: 'COD-001',
    code: 'STACK_CODE_NOT_FOUND',
    severity: 'HIGH',
    remediation: 'Disable the stack, or put its program below STACKS_ROOT and build it.',
    check: missingPrograms,
  },
  {
    id: 'SCH-W01',
    code: 'UNKNOWN_KEY',
    severity: 'LOW',
    remediation: 'Check the spelling; the key is kept and has no effect.',
    check: ({ manifest }) =>
      unknownKeys(manifest).map((location) => ({ message: `${location} is not a known key`, location })),
  },
];

/** Enabled stacks without a program on this host; the way out names the ones that can run. */
function missingPrograms({
  manifest,
  surroundings: { isProgramPresent, stackTemplates },
}: ManifestContext): Violation[] {
  if (!isProgramPresent) return [];
  const enabled = Object.entries(manifest.spec.stacks)
    .filter(([name, block]) => block.enabled && stackTemplates.has(name))
    .map(([name]) => name);
  const present = enabled.filter(isProgramPresent);
  return enabled
    .filter((name) => !isProgramPresent(name))
    .map((name) => ({
      message: `the program of stack ${name} is not there`,
      location: `stacks.${name}`,
      stack: name,
      ...(present.length > 0
        ? { remediation: `Enable only stacks whose program is there: stacksEnabled: [${present.join(', ')}].` }
        : {}),
      details: { present },
    }));
}

import { parseDocument, stringify } from 'yaml';
import { Invalid } from '../../../shared/errors/app-error.js';
import { compareNames } from '../../orchestrator/graph.js';
import { isObject, type Values } from './merge.js';
import { MASK } from './secrets.js';

/**
 * The generated configuration file of a stack in an environment (deployments.md 3.6): a flat YAML map, values are text.
 * 1. A comment. 2. Metadata in fixed order. 3. Parameters by name. 4. The provider's account and region.
 */
export interface ConfigFile {
  readonly metadata: ConfigMetadata;
  /** Parameters that are not metadata; `null` members are not written. */
  readonly values: Values;
  readonly secretKeys: readonly string[];
}

export interface ConfigMetadata {
  readonly deploymentId: string;
  readonly organization: string;
  readonly project: string;
  readonly pulumiOrg: string;
  readonly domain: string;
  readonly environment: string;
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** From 1; null = the stack is in no layer. */
  readonly layer: number | null;
  readonly dependencies: readonly string[];
}

const METADATA: readonly (keyof ConfigMetadata)[] = [
  'deploymentId',
  'organization',
  'project',
  'pulumiOrg',
  'domain',
  'environment',
  'region',
  'accountId',
  'stackName',
  'layer',
  'dependencies',
];

export function writeConfigFile(file: ConfigFile, revision: number): string {
  const { metadata, values } = file;
  const name = metadata.stackName;
  const facts = METADATA.filter(
    (key) => metadata[key] !== null && !(key === 'dependencies' && metadata.dependencies.length === 0),
  );
  const parameters = Object.keys(values)
    .filter(
      (key) => values[key] !== null && values[key] !== undefined && !(METADATA as readonly string[]).includes(key),
    )
    .sort(compareNames);
  const lines = [
    `# generated from manifest revision ${revision}; edits are overwritten`,
    ...facts.map((key) => `${name}:${key}: ${quoted(metadata[key])}`),
    ...parameters.map((key) => `${name}:${key}: ${file.secretKeys.includes(key) ? quoted(MASK) : quoted(values[key])}`),
    `aws:allowedAccountIds: ${quoted([metadata.accountId])}`,
    `aws:region: ${quoted(metadata.region)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Reads such a file back. Numbers and booleans stay text, as the format has it; `layer` becomes an integer, text starting with
 * `[` or `{` becomes JSON where it is JSON.
 * @throws Invalid `VALIDATION_INVALID_FORMAT` when it is not a flat map
 */
export function readConfigFile(text: string): ConfigFile {
  const parsed = parseDocument(text, { schema: 'failsafe', uniqueKeys: true });
  const document: unknown = parsed.toJS();
  if (
    parsed.errors.length > 0 ||
    !isObject(document) ||
    Object.values(document).some((value) => typeof value !== 'string')
  ) {
    throw new Invalid('VALIDATION_INVALID_FORMAT', 'The configuration file is not a flat map of texts');
  }
  const metadata: Record<string, unknown> = { layer: null, dependencies: [] };
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document as Record<string, string>)) {
    const at = key.indexOf(':');
    const [namespace, name] = [key.slice(0, at), key.slice(at + 1)];
    if (namespace === 'aws') continue; // repeats accountId and region
    if (name === 'layer') metadata['layer'] = Number.parseInt(value, 10);
    else if ((METADATA as readonly string[]).includes(name)) metadata[name] = fromText(value);
    else values[name] = fromText(value);
  }
  const secretKeys = Object.keys(values).filter((key) => values[key] === MASK);
  return { metadata: metadata as unknown as ConfigMetadata, values, secretKeys };
}

/** Text of one value as the engine's configuration has it: JSON for lists and maps. */
export function configText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function quoted(value: unknown): string {
  const isJson = typeof value === 'object' && value !== null;
  const text = configText(value);
  return stringify(text, { lineWidth: 0, defaultStringType: isJson ? 'QUOTE_SINGLE' : 'QUOTE_DOUBLE' }).trimEnd();
}

function fromText(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // a text that only looks like JSON, such as {{ENV:key}}
  }
}

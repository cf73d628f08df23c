import { Refused } from '../../../shared/errors/app-error.js';
import { invalidFields, type RuleKind, type Violation } from '../../../shared/errors/field-problems.js';
import { ENVIRONMENTS } from '../../../shared/http/principal.js';
import type { Manifest } from './manifest.js';
import { isObject, mergeDeep, type Values } from './merge.js';

/** What PUT of a deployment may change (api.md 3.3); every part is merged per top-level key. */
export interface ManifestEdit {
  readonly domain?: string;
  readonly description?: string;
  readonly costCenter?: string;
  readonly contact?: Readonly<Record<string, unknown>>;
  /** The whole map. */
  readonly tags?: Readonly<Record<string, string>>;
  /** dev, stage, prod → `{enabled, account, region}`. */
  readonly environments?: Readonly<Record<string, Values>>;
  /** Name → `{enabled, priority, config (tier 2a), environments{env: {enabled, config (2c)}}}`; null removes a key. */
  readonly stacks?: Readonly<Record<string, Values>>;
}

const ENVIRONMENT_KEYS = ['enabled', 'account', 'region'];
const STACK_KEYS = ['enabled', 'priority', 'config', 'environments'];
const STACK_ENVIRONMENT_KEYS = ['enabled', 'config'];

/**
 * A new manifest; the given one stays as it is. Values are checked by validation afterwards.
 * @throws Invalid (400) naming unknown or misshapen fields; Refused `VALIDATION_INVALID_TEMPLATE` for a stack the manifest lacks
 */
export function editManifest(manifest: Manifest, edit: ManifestEdit): Manifest {
  requireShape(edit);
  requireStacks(manifest, Object.keys(edit.stacks ?? {}));
  const { environments, stacks, ...facts } = edit;
  const deployment = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  const spec = { ...(environments ? { environments } : {}), ...(stacks ? { stacks } : {}) };
  const merged = mergeDeep(manifest as unknown as Values, { spec }) as unknown as Manifest;
  return { ...merged, deployment: { ...merged.deployment, ...deployment } };
}

function requireShape(edit: ManifestEdit): void {
  const found: Violation[] = [];
  const say = (field: string, kind: RuleKind, text: string): void => {
    found.push({ field, kind, message: `${field} ${text}` });
  };
  const block = (field: string, value: unknown, known: readonly string[]): value is Values => {
    if (!isObject(value)) {
      say(field, 'type', 'must be an object');
      return false;
    }
    for (const key of Object.keys(value))
      if (!known.includes(key)) say(`${field}.${key}`, 'unknown', 'is not a known field');
    return true;
  };
  for (const [name, value] of Object.entries(edit.environments ?? {})) {
    if (!(ENVIRONMENTS as readonly string[]).includes(name))
      say(`environments.${name}`, 'unknown', 'is not dev, stage or prod');
    else block(`environments.${name}`, value, ENVIRONMENT_KEYS);
  }
  for (const [name, value] of Object.entries(edit.stacks ?? {})) {
    const field = `stacks.${name}`;
    if (!block(field, value, STACK_KEYS)) continue;
    if (value['config'] !== undefined && !isObject(value['config']))
      say(`${field}.config`, 'type', 'must be an object');
    if (value['environments'] === undefined || !block(`${field}.environments`, value['environments'], ENVIRONMENTS))
      continue;
    for (const [environment, part] of Object.entries(value['environments'])) {
      block(`${field}.environments.${environment}`, part, STACK_ENVIRONMENT_KEYS);
    }
  }
  if (found.length > 0) throw invalidFields(found);
}

function requireStacks(manifest: Manifest, names: readonly string[]): void {
  const known = Object.keys(manifest.spec.stacks);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Refused('VALIDATION_INVALID_TEMPLATE', `The manifest has no stack ${unknown.join(', ')}`, {
    details: {
      stacks: unknown,
      known,
      errors: unknown.map((name) => ({
        ruleId: 'SCH-013',
        code: 'UNKNOWN_STACK',
        location: `stacks.${name}`,
        stack: name,
      })),
    },
  });
}

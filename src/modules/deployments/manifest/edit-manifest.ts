import { invalidFields, type Violation } from '../../../shared/errors/field-problems.js';
import { Refused } from '../../../shared/errors/app-error.js';
import { contentHash } from '../../../shared/kernel/canonical-json.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Manifest } from './manifest.js';
import { isObject, mergeDeep, type Values } from './merge.js';
import { restoreMasked } from './secrets.js';
import { manifestRefusal, validateManifest } from './validation.js';

/** Body of PUT /deployments/:id (api.md 3.3). */
export interface ManifestEdit {
  readonly domain?: string;
  readonly description?: string;
  readonly contact?: Values;
  readonly costCenter?: string;
  /** The whole map. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Environment → region, account, enabled, tags, config; merged, null removes. */
  readonly environments?: Readonly<Record<string, Values>>;
  /** Stack → enabled, priority, config (2a), environments (2c); merged, null removes. */
  readonly stacks?: Readonly<Record<string, Values>>;
  /** The whole manifest, as object or as YAML or JSON text; replaces. Other fields are merged on top. */
  readonly manifest?: unknown;
}

/** What never changes after creation (deployments.md 1.2). */
const IMMUTABLE = ['id', 'org', 'project', 'template', 'templateVersion', 'createdAt'] as const;

/**
 * The manifest after an edit, not yet validated beyond the shape of a whole replacement. Masked secrets keep their value.
 * @throws Invalid for an attempt to change identity; Refused for an unknown stack or a replacement of wrong shape
 */
export function editManifest(before: Manifest, edit: ManifestEdit, stackTemplates: StackTemplates): Manifest {
  const base = edit.manifest === undefined ? before : replacement(before, edit.manifest, stackTemplates);
  requireKnown(base, edit);
  const { domain, description, contact, costCenter } = edit;
  const facts = Object.fromEntries(
    Object.entries({ domain, description, contact, costCenter }).filter(([, value]) => value !== undefined),
  );
  const edited = mergeDeep(base as unknown as Values, {
    deployment: facts,
    spec: { environments: edit.environments ?? {}, stacks: withDependencies(base, edit.stacks ?? {}, stackTemplates) },
  }) as unknown as Manifest;
  const tagged = edit.tags ? { ...edited, deployment: { ...edited.deployment, tags: edit.tags } } : edited;
  return restoreMasked(tagged, before, stackTemplates);
}

function replacement(before: Manifest, given: unknown, stackTemplates: StackTemplates): Manifest {
  const { manifest, findings } = validateManifest(given, { stackTemplates, level: 'schema' });
  if (!manifest) throw manifestRefusal(findings) ?? new Refused('MANIFEST_INVALID', 'The manifest has no usable shape');
  const changed = IMMUTABLE.filter(
    (key) => contentHash(manifest.deployment[key]) !== contentHash(before.deployment[key]),
  );
  const named = changed.filter((key) => manifest.deployment[key] !== undefined);
  if (named.length > 0) {
    throw invalidFields(
      named.map((key): Violation => {
        const field = `manifest.deployment.${key}`;
        return { field, kind: 'format', message: `${field} never changes after creation` };
      }),
    );
  }
  const kept = Object.fromEntries(IMMUTABLE.map((key) => [key, before.deployment[key]]));
  return { ...manifest, deployment: { ...manifest.deployment, ...kept } };
}

function requireKnown(base: Manifest, edit: ManifestEdit): void {
  const wrong: Violation[] = (['environments', 'stacks'] as const).flatMap((part) =>
    Object.entries(edit[part] ?? {})
      .filter(([, block]) => !isObject(block))
      .map(([name]): Violation => ({
        field: `${part}.${name}`,
        kind: 'type',
        message: `${part}.${name} must be an object`,
      })),
  );
  if (wrong.length > 0) throw invalidFields(wrong);
  const unknown = Object.keys(edit.environments ?? {}).filter((name) => !(name in base.spec.environments));
  const incomplete = unknown.filter((name) => {
    const block = edit.environments?.[name];
    return !block?.['account'] || !block['region'];
  });
  if (incomplete.length > 0) {
    throw new Refused('ENVIRONMENT_INCOMPLETE', `Environment ${incomplete.join(', ')} needs account and region`, {
      details: { environments: incomplete },
    });
  }
}

/** A stack that the edit adds begins with the dependencies and priority of its template. */
function withDependencies(
  base: Manifest,
  stacks: Readonly<Record<string, Values>>,
  stackTemplates: StackTemplates,
): Values {
  return Object.fromEntries(
    Object.entries(stacks).map(([name, block]) => {
      const template = stackTemplates.get(name);
      if (name in base.spec.stacks || !template) return [name, block];
      return [name, { enabled: true, dependencies: template.dependencies, priority: template.priority, ...block }];
    }),
  );
}

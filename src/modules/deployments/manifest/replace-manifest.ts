import { invalidFields, type Violation } from '../../../shared/errors/field-problems.js';
import { Refused } from '../../../shared/errors/app-error.js';
import { canonicalJson } from '../../../shared/kernel/canonical-json.js';
import type { Manifest } from './manifest.js';
import type { ManifestSurroundings } from './manifest-context.js';
import { restoreMasked } from './secrets.js';
import { manifestRefusal, validateManifest } from './validation.js';

/** What never changes after creation (deployments.md 1.2). */
const IMMUTABLE = ['id', 'org', 'project', 'template', 'templateVersion', 'createdAt'] as const;

/**
 * A whole manifest, as object or as YAML or JSON text, in the place of the one before (`manifest` of PUT, api.md 3.3). Masked secrets
 * keep their value; what it does not say about identity stays. Values are checked by validation afterwards.
 * @throws Refused `MANIFEST_INVALID` for text or shape; Invalid (400) naming a part of the identity that differs
 */
export function replaceManifest(before: Manifest, given: unknown, surroundings: ManifestSurroundings): Manifest {
  const { manifest, findings } = validateManifest(given, { ...surroundings, level: 'schema' });
  if (!manifest) throw manifestRefusal(findings) ?? new Refused('MANIFEST_INVALID', 'The manifest has no usable shape');
  const changed = IMMUTABLE.filter((key) => {
    const value = manifest.deployment[key];
    return value !== undefined && canonicalJson(value) !== canonicalJson(before.deployment[key]);
  });
  if (changed.length > 0) {
    throw invalidFields(
      changed.map((key): Violation => {
        const field = `manifest.deployment.${key}`;
        return { field, kind: 'format', message: `${field} never changes after creation` };
      }),
    );
  }
  const identity = Object.fromEntries(IMMUTABLE.map((key) => [key, before.deployment[key]]));
  const whole = { ...manifest, deployment: { ...manifest.deployment, ...identity } };
  return restoreMasked(whole, before, surroundings.stackTemplates);
}

import { UNKNOWN, type ResourceDiff } from '../../../../tools/sandbox-cloud/provider.port.js';
import type { PropertyMap } from './property-value.js';
import { providerUrn, type ResourceRecord } from './stack-state.js';

/**
 * What must be deleted before a resource that is replaced "delete first", because it would be replaced itself:
 * 1. go through the state in its order (dependents stand after what they depend on);
 * 2. a resource of a replaced provider is replaced;
 * 3. one with inputs that come from a replaced resource is compared with those inputs unknown; if that replaces it, it
 *    joins the replaced ones;
 * 4. the rest stays: it will be updated.
 * @returns dependents first, as they have to be deleted; the resource itself is not among them
 */
export async function dependentReplacements(
  resource: ResourceRecord,
  state: readonly ResourceRecord[],
  diff: (record: ResourceRecord, inputs: PropertyMap) => Promise<ResourceDiff>,
): Promise<ResourceRecord[]> {
  const replaced = new Set([resource.urn]);
  const result: ResourceRecord[] = [];
  for (const record of state) {
    if (!record.custom || record.external || record.delete || record.pendingReplacement || record === resource)
      continue;
    if (await isReplacedWith(record, replaced, diff)) {
      replaced.add(record.urn);
      result.unshift(record);
    }
  }
  return result;
}

async function isReplacedWith(
  record: ResourceRecord,
  replaced: ReadonlySet<string>,
  diff: (record: ResourceRecord, inputs: PropertyMap) => Promise<ResourceDiff>,
): Promise<boolean> {
  if (replaced.has(providerUrn(record.provider))) return true;
  const inputs: Record<string, unknown> = { ...record.inputs };
  let touched = false;
  for (const [key, urns] of Object.entries(record.propertyDependencies)) {
    if (!urns.some((urn) => replaced.has(urn)) || !(key in inputs)) continue;
    inputs[key] = UNKNOWN;
    touched = true;
  }
  return touched && (await diff(record, inputs)).replaces.length > 0;
}

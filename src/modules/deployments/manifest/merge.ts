import { isObject, mergeDeep } from '../../../shared/kernel/deep-merge.js';

/** Merge semantics of configuration tiers (deployments.md 4.2). */

export type Values = Readonly<Record<string, unknown>>;

export { isObject, mergeDeep };

/** Where a value came from: the tier of deployments.md 4.1 and the place in its document. */
export interface Provenance {
  readonly tier: Tier;
  /** `stacks.network.config.vpcCidr`; for tier 1 `stackTemplates.network.parameters.inputs.vpcCidr.default`. */
  readonly location: string;
}

/** `facts` are what the deployment itself says (deployments.md 3.6); they stand between the template and the manifest's values. */
export type Tier = '1' | 'facts' | '2a' | '2b' | '2c' | '2d';

/** A value some tier gave for a path. */
export interface LaidValue extends Provenance {
  /** null = the tier removed the key. */
  readonly value: unknown;
}

/** A configuration under construction: tiers are laid over it one after the other. */
export class TrackedConfig {
  values: Record<string, unknown> = {};
  /** By path of the leaf: `tags.b.x`. Arrays are leaves. */
  readonly origins = new Map<string, Provenance>();
  /** By path: everything that was laid there, the value that counts last. */
  readonly history = new Map<string, LaidValue[]>();

  /** @param location of `over` in its document; the paths of its keys are appended */
  lay(tier: Tier, over: Values, location: string): void {
    this.values = this.#merge(this.values, over, '', tier, location);
  }

  set(tier: Tier, key: string, value: unknown, location: string): void {
    if (value === undefined) return;
    this.values = this.#merge(this.values, { [key]: value }, '', tier, location, true);
  }

  remove(key: string): void {
    const { [key]: _removed, ...rest } = this.values;
    this.values = rest;
    this.#forget(key);
  }

  #merge(
    base: Values,
    over: Values,
    path: string,
    tier: Tier,
    location: string,
    exact = false,
  ): Record<string, unknown> {
    const result: Record<string, unknown> = { ...base };
    for (const [key, value] of Object.entries(over)) {
      if (value === undefined) continue;
      const place = path === '' ? key : `${path}.${key}`;
      const from = exact ? location : `${location}.${key}`;
      const before = result[key];
      if (!isObject(value)) this.#note(place, { tier, location: from, value });
      if (value === null) {
        delete result[key];
        this.#forget(place);
      } else if (isObject(value)) {
        if (!isObject(before)) this.#forget(place);
        result[key] = this.#merge(isObject(before) ? before : {}, value, place, tier, from);
        if (Object.keys(result[key] as object).length === 0) this.origins.set(place, { tier, location: from });
        else this.origins.delete(place);
      } else {
        this.#forget(place);
        result[key] = value;
        this.origins.set(place, { tier, location: from });
      }
    }
    return result;
  }

  #note(path: string, laid: LaidValue): void {
    const known = this.history.get(path);
    if (known) known.push(laid);
    else this.history.set(path, [laid]);
  }

  #forget(path: string): void {
    for (const known of this.origins.keys()) {
      if (known === path || known.startsWith(`${path}.`)) this.origins.delete(known);
    }
  }
}

import { Injectable } from '@nestjs/common';
import { Defect } from '../../shared/errors/app-error.js';
import type { Rule } from '../templates/finding.js';
import type { ManifestContext } from './manifest/manifest-context.js';
import { POLICY_RULES } from './manifest/policy-rules.js';

/** A policy gets the normalized deployment with its graph and merged configuration, and says what it minds. */
export type PolicyRule = Rule<ManifestContext>;

/**
 * Extension point of rules POL (deployments.md 8.4): a module registers its policies when it starts. They are checked on every
 * save, every validation and before every deployment; what blocks is decided by their severity. Nothing is loaded from manifests.
 */
@Injectable()
export class Policies {
  readonly #rules: PolicyRule[] = [];

  get rules(): readonly PolicyRule[] {
    return this.#rules;
  }

  /** @throws Defect for an id that does not begin with `POL-`, or is taken */
  register(...rules: readonly PolicyRule[]): void {
    for (const rule of rules) {
      const taken = [...POLICY_RULES, ...this.#rules].some(({ id }) => id === rule.id);
      if (taken || !rule.id.startsWith('POL-')) throw new Defect(`Policy ${rule.id} needs an id of its own, POL-…`);
      this.#rules.push(rule);
    }
  }
}

import type { InputSpec } from '../sandbox-cloud/inputs.js';
import type { CheckFailure, Properties } from '../sandbox-cloud/provider.port.js';

/** What an id given to `import` stands for. */
export interface Adopted {
  readonly id: string;
  /** Arguments under which the next run sees no change. */
  readonly inputs: Properties;
  readonly results: Properties;
}

/**
 * The table entry of one resource type. There is no cloud behind these types: a value is made once, when the resource is created, and
 * lives in the state alone. So nothing is updated in place (every argument replaces), reading answers what is stored, deleting forgets.
 */
export interface RandomType {
  /** `random:index/randomPassword:RandomPassword`. */
  readonly type: string;
  /** Every argument, without defaults: the real provider does not write them into the inputs. */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Fills in what absent arguments mean; this is what outputs show and what is compared. Values may be unknown. */
  readonly complete?: (inputs: Properties) => Properties;
  /** Computed values. */
  readonly results: readonly string[];
  /** Those of them that are secret in the provider's schema. */
  readonly secretResults?: readonly string[];
  /** Rules over several arguments, as the program gave them; values may be unknown. */
  readonly validate?: (inputs: Properties) => CheckFailure[];
  /** @param inputs known, valid, complete */
  readonly generate: (
    inputs: Properties,
  ) => { id: string; results: Properties } | Promise<{ id: string; results: Properties }>;
  /**
   * What an id to import stands for. Absent: cannot be imported.
   * @throws CloudError InvalidImportId
   */
  readonly adopt?: (id: string) => Adopted | Promise<Adopted>;
}

/** `random:index/random<Name>:Random<Name>`. */
export const randomToken = (name: string): string => `random:index/random${name}:Random${name}`;

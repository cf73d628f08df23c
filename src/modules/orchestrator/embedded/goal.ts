import type { Alias } from './aliases.js';
import type { PropertyMap } from './property-value.js';
import type { CustomTimeouts } from './stack-state.js';

/** What a program wants a resource to be. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: PropertyMap;
  /** URN; empty for none. */
  readonly parent: string;
  /** Reference `<urn>::<id>`; empty = the default provider. */
  readonly provider: string;
  /** Version of the package; empty when the program does not say. */
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Absent = as the parent. */
  readonly protect?: boolean;
  /** Absent = as the parent. */
  readonly retainOnDelete?: boolean;
  /** Absent = the provider decides. */
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly replaceWith: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly Alias[];
  readonly customTimeouts: CustomTimeouts;
  readonly deletedWith: string;
  /** Id of an existing thing to take over; empty = create. */
  readonly importId: string;
  readonly sourcePosition: string;
}

/** A resource that the program only looks at (`Vpc.get`). */
export interface ReadGoal {
  readonly type: string;
  readonly name: string;
  /** UNKNOWN in a preview when it comes from something that does not exist yet. */
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly parent: string;
  readonly provider: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly sourcePosition: string;
}

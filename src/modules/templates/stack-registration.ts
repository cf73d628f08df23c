/** A stack template as it is written (deployments.md 2.2), before the common parameters are added. */
export type StackDocument = Readonly<Record<string, unknown>>;

/**
 * What an administrator registered. It stands in front of a built-in stack of the same name; unregistered ones stay, because
 * what was deployed from them can still be destroyed.
 */
export interface StackRegistration {
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** For `If-Match`; grows with every change. */
  readonly revision: number;
  readonly document: StackDocument;
  /** For people: what the stack makes. */
  readonly resources: readonly StackResource[];
  /** Of the program when it was registered, 64 hex digits; null while it is not on the host. */
  readonly codeHash: string | null;
  /** Main file below STACKS_ROOT; null while it is not on the host. */
  readonly sourcePath: string | null;
  readonly registeredAt: Date;
  readonly registeredBy: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  /** Position among all changes of templates and registrations, from 1. */
  readonly change: number;
}

export interface StackResource {
  readonly type: string;
  readonly description: string;
}

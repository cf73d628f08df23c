import type { OrganizationTier } from '../users/user.js';

export interface Organization {
  /** Never changes; the `organization` of every record it owns. */
  readonly name: string;
  readonly displayName: string;
  readonly tier: OrganizationTier;
  /** Organization of its stacks in the Pulumi backend. */
  readonly pulumiOrg: string;
  /** Free form, for administrators. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

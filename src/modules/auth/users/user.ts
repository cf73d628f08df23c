import type { Assignment, Role, Tier } from '../../../shared/http/principal.js';
import type { UserId } from '../../../shared/kernel/ids.js';

export type UserStatus = 'active' | 'disabled';
/** Tier of an organization; a user may have one of its own that overrides it. */
export type OrganizationTier = Exclude<Tier, 'static'>;

export interface User {
  readonly id: UserId;
  /** Lower case, unique. */
  readonly email: string;
  /** As given; unique without regard to case. Default: the e-mail. */
  readonly username: string;
  readonly name: string;
  /** argon2id in PHC format; null = cannot log in with a password. */
  readonly passwordHash: string | null;
  readonly assignments: readonly Assignment[];
  readonly status: UserStatus;
  /** Overrides the tier of the organizations. */
  readonly tier: OrganizationTier | null;
  /** The last failed logins since the last good one, oldest first, at most MAX_FAILURES. */
  readonly failures: readonly Date[];
  readonly lockedUntil: Date | null;
  readonly preferences: Preferences;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lastLoginAt: Date | null;
  /** Set once: personal data is gone, only the id remains. */
  readonly deletedAt: Date | null;
}

export interface Preferences {
  readonly language?: string;
  readonly timezone?: string;
  readonly theme?: string;
  readonly notifications?: { readonly email?: boolean; readonly slack?: boolean };
  /** Belongs to the chat half; free form. */
  readonly chat?: Readonly<Record<string, unknown>>;
}

/** Five failures within 15 min lock the account for 15 min (api.md 2.2). */
export const MAX_FAILURES = 5;
export const FAILURE_WINDOW_MS = 15 * 60_000;
export const LOCK_MS = 15 * 60_000;

/** End of the lock that these failures bring about; null while they are too few or too old. */
export function lockAfter(failures: readonly Date[], now: Date): Date | null {
  const recent = failures.filter((at) => at.getTime() > now.getTime() - FAILURE_WINDOW_MS);
  return recent.length >= MAX_FAILURES ? new Date(now.getTime() + LOCK_MS) : null;
}

export function isLocked(user: Pick<User, 'lockedUntil'>, now: Date): boolean {
  return user.lockedUntil !== null && user.lockedUntil > now;
}

/** What the wire shows: a lock is a status of its own. */
export function statusOf(user: User, now: Date): 'active' | 'locked' | 'disabled' {
  if (user.status === 'disabled') return 'disabled';
  return isLocked(user, now) ? 'locked' : 'active';
}

export function rolesOf(user: Pick<User, 'assignments'>): readonly Role[] {
  return [...new Set(user.assignments.map((a) => a.role))];
}

/** Names of the organizations the user belongs to; `*` is a right, not an organization. */
export function membershipsOf(user: Pick<User, 'assignments'>): readonly string[] {
  return [...new Set(user.assignments.map((a) => a.organization).filter((name) => name !== '*'))];
}

/** Organizations (also `*`) that an active user administers as a whole. */
export function administers(user: Pick<User, 'assignments' | 'status'>): readonly string[] {
  if (user.status !== 'active') return [];
  const whole = user.assignments.filter((a) => a.role === 'admin' && a.project === undefined && !a.environments);
  return [...new Set(whole.map((a) => a.organization))];
}

const TIER_RANK: Readonly<Record<OrganizationTier, number>> = { free: 0, standard: 1, enterprise: 2 };

/** The highest of the given tiers; `standard` when there is none (api.md 1.8). */
export function highestTier(tiers: readonly OrganizationTier[]): OrganizationTier {
  return (
    tiers.reduce<OrganizationTier | null>(
      (best, tier) => (best === null || TIER_RANK[tier] > TIER_RANK[best] ? tier : best),
      null,
    ) ?? 'standard'
  );
}

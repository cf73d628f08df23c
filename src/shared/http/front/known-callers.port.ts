import type { RateClass } from '../allow.js';
import type { Principal } from '../principal.js';

/** Steps 1, 2 and 4 of api.md 2.5 as far as memory knows them: no promise, and no trace of a request that is turned away. */
export abstract class KnownCallers {
  /** Who sends this `X-API-Key`; null when only the usual way can tell, or refuse. */
  abstract find(key: string, from: { readonly ip: string }): Principal | null;
  /** Does the caller hold the permission in its own organization? */
  abstract may(principal: Principal, permission: string): boolean;
  /** Counts the call in its buckets, or in none when one of them is full or counted elsewhere; false then. */
  abstract take(
    principal: Principal,
    rateClass: RateClass | undefined,
    params: Readonly<Record<string, string>>,
  ): boolean;
}

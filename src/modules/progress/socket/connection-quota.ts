import type { Principal, Tier } from '../../../shared/http/principal.js';

/** WebSocket connections per user (api.md 1.8); bootstrap keys have no tier and get the largest. */
const LIMITS: Readonly<Record<Tier, number>> = { free: 2, standard: 10, enterprise: 100, static: 100 };

/** Counts open connections of each user in this process. */
export class ConnectionQuota {
  readonly #open = new Map<string, number>();

  /** @returns false when the user has as many as the tier allows; else wants one `release` */
  take(principal: Principal): boolean {
    const owner = ownerOf(principal);
    const open = this.#open.get(owner) ?? 0;
    if (open >= LIMITS[principal.tier]) return false;
    this.#open.set(owner, open + 1);
    return true;
  }

  release(principal: Principal): void {
    const owner = ownerOf(principal);
    const open = (this.#open.get(owner) ?? 1) - 1;
    if (open > 0) this.#open.set(owner, open);
    else this.#open.delete(owner);
  }
}

function ownerOf(principal: Principal): string {
  return principal.userId ?? `${principal.kind}/${principal.id}`;
}

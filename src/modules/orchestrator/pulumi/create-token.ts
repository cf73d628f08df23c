import { createHash } from 'node:crypto';

/** How often one run may create the same URN: once, and once more as the new half of a replacement. */
export const CREATIONS_OF_A_URN = 2;

/**
 * Names one creation towards the cloud. The command line keeps no token with its pending operations, so it is made from what
 * is known after a crash: the run (kept in the ledger) and the URN.
 * @param nth creations of this URN by this run before
 */
export function createToken(runId: string, urn: string, nth: number): string {
  return createHash('sha256').update(`${runId}|${urn}|${nth}`).digest('hex');
}

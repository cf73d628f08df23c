import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what only the start needed: without it an idle server goes on holding the young generation that loading its modules
 * filled, 40 MB of it. One full collection, 0.4 to 0.9 s; before the first request.
 */
export function releaseStartUpMemory(): void {
  setFlagsFromString('--expose-gc'); // for contexts made from here on: that one
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  void collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where things live that can be had again: downloaded programs, the private root folder. `$XDG_CACHE_HOME/cloud` or `~/.cache/cloud`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base && isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.cache'), 'cloud');
}

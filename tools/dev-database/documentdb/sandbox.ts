import { DatabaseUnavailable } from '../dev-database.error.js';
import { dyingWithUs, findOnPath, run } from '../processes.js';

/**
 * How far this machine lets us separate processes.
 * `namespaces`: mounts of our own, gone with the last process that sees them. `plain`: no mounting at all, as in an
 * unprivileged container; what a program shall see must then lie inside the root folder.
 */
export type Separation = 'namespaces' | 'plain';

export async function findSeparation(env: NodeJS.ProcessEnv): Promise<Separation> {
  if (!findOnPath('unshare', env)) return 'plain';
  try {
    await run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', 'mount --bind /tmp /tmp'], { env });
    return 'namespaces';
  } catch {
    return 'plain';
  }
}

/**
 * Command line of a set-up step: dies with us together with everything it started (a process namespace is emptied by the
 * kernel when its first process ends), and may mount as it likes.
 */
export function setupCommand(
  separation: Separation,
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): string[] {
  const shell = ['sh', '-euc', script, 'setup', ...args];
  if (separation === 'plain') return dyingWithUs('KILL', shell, env);
  const namespaces = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=SIGKILL'];
  return dyingWithUs('KILL', [...namespaces, ...shell], env);
}

/** Every program the way needs from this machine. @throws DatabaseUnavailable naming the missing ones */
export function checkTools(env: NodeJS.ProcessEnv): void {
  const missing = ['apt-get', 'chroot', 'setpriv', 'sh', 'mount'].filter((name) => !findOnPath(name, env));
  if (missing.length > 0) throw new DatabaseUnavailable(`this machine lacks ${missing.join(', ')}`);
}

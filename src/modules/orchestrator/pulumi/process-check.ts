import { readFileSync } from 'node:fs';

/** Whether a process of this number is a Pulumi command line that runs on this machine. */
export function isPulumiAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim().startsWith('pulumi'); // numbers are used again
  } catch {
    return true; // no such file system: believe the number
  }
}

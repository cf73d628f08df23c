import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** `<host>/<pid>/<8 hex>`: unique for each start of each process. */
export const PROCESS_ID = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;

/** True when `holder` was a process of this host that is certainly gone: its pid is free or is ours with another start. */
export function diesWithHost(holder: string): boolean {
  const [host, pidText, start] = holder.split('/');
  const pid = Number(pidText);
  if (host !== hostname() || !Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return `${host}/${pid}/${start}` !== PROCESS_ID;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

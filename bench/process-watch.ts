import { readdirSync, readFileSync } from 'node:fs';

/** How often memory and processes are looked at, in ms. */
const SAMPLE_MS = 50;

/** This process and all it has started, at their most. Reads /proc (Linux alone), so that measuring starts no process itself. */
export function watchProcesses(): { stop: () => { peakMiB: number; processes: number } } {
  let peakKiB = 0;
  let processes = 0;
  const look = (): void => {
    const family = familyOf(process.pid);
    processes = Math.max(processes, family.length);
    peakKiB = Math.max(
      peakKiB,
      family.reduce((sum, pid) => sum + residentKiB(pid), 0),
    );
  };
  const timer = setInterval(look, SAMPLE_MS);
  look();
  return {
    stop: () => {
      clearInterval(timer);
      return { peakMiB: peakKiB / 1024, processes };
    },
  };
}

function familyOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statusOf(Number(name), 'PPid'));
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = [root];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  return family;
}

function residentKiB(pid: number): number {
  return Number.parseInt(statusOf(pid, 'VmRSS') || '0', 10);
}

/** Empty when the process is gone. */
function statusOf(pid: number, field: string): string {
  try {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

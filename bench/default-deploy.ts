import { readdirSync, readFileSync } from 'node:fs';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement } from './report.js';

/** How often memory and processes are looked at, in ms. */
const SAMPLE_MS = 50;

/**
 * The whole `default` template, 16 stacks, deployed to dev over HTTP on the embedded engine and the sandbox at speed 0:
 * - `seconds`: from the request to the operation's last event;
 * - `peakMiB`: most memory that this process and all it has started held at once (resident set, Linux alone);
 * - `processes`: most of them at once, this one included.
 */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start();
  try {
    await bench.engine.warm();
    const deploymentId = await bench.initialise('default');
    const watch = watchProcesses();
    const { ms, result } = await bench.deploy(deploymentId);
    const { peakMiB, processes } = watch.stop();
    return {
      bench: 'default-deploy',
      conditions: { ...machine(), engine: 'embedded', database: bench.via, stacks: 16, result: summaryOf(result) },
      figures: { seconds: ms / 1_000, peakMiB, processes },
      goals: {},
    };
  } finally {
    await bench.stop();
  }
}

function summaryOf(result: Readonly<Record<string, unknown>>): string {
  const { deployedStacks, resourcesCreated } = result;
  return `${String(deployedStacks)} stacks, ${String(resourcesCreated)} resources`;
}

/** Reads /proc, so that measuring starts no process itself. */
function watchProcesses(): { stop: () => { peakMiB: number; processes: number } } {
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

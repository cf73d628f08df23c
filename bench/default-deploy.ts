import { BenchApp } from './bench-app.js';
import { watchProcesses } from './process-watch.js';
import { machine, type Measurement } from './report.js';

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

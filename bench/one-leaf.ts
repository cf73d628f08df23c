import { BenchApp } from './bench-app.js';
import { machine, type Measurement, median } from './report.js';

/** Nothing depends on it, and it depends on every other stack: all of them have to be proven unchanged first. */
const LEAF = 'monitoring';
const REPETITIONS = 5;
const WARM_UP = 1;
const STACKS = 16;

/**
 * One changed leaf among the 16 real stacks of the default template, against a forced run of all of them (design.md, Measuring):
 * 1. everything is deployed once, really;
 * 2. in turn, each from the request over HTTP to the operation's last event: a forced deploy, which runs every program and finds
 *    nothing to change, and a deploy after one value of the leaf was edited, which must run that stack alone.
 * `ofForced` is the median of the second against the median of the first.
 */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start();
  try {
    await bench.engine.warm();
    const deploymentId = await bench.initialise('default');
    await bench.deploy(deploymentId);
    const forced: number[] = [];
    const leaf: number[] = [];
    for (let round = -WARM_UP; round < REPETITIONS; round++) {
      await bench.engine.warm();
      const all = await bench.deploy(deploymentId, { force: true });
      requireRun(all.result, STACKS);
      await bench.edit(deploymentId, { [LEAF]: { config: { cpuThreshold: 75 + round } } });
      await bench.engine.warm();
      const one = await bench.deploy(deploymentId);
      requireRun(one.result, 1);
      if (round < 0) continue;
      forced.push(all.ms);
      leaf.push(one.ms);
    }
    return {
      bench: 'one-leaf',
      conditions: {
        ...machine(),
        ...{ engine: 'embedded', database: bench.via, stacks: STACKS, leaf: LEAF, repetitions: REPETITIONS },
      },
      figures: { ofForced: median(leaf) / median(forced), leafMs: median(leaf), forcedMs: median(forced) },
      goals: { ofForced: { atMost: 0.1 } },
    };
  } finally {
    await bench.stop();
  }
}

function requireRun({ deployedStacks }: Readonly<Record<string, unknown>>, expected: number): void {
  if (deployedStacks !== expected) throw new TypeError(`${String(deployedStacks)} stacks ran instead of ${expected}`);
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement, median, percentile } from './report.js';
import { writeSyntheticStacks } from './synthetic-stacks.js';

const REPETITIONS = 20;
const WARM_UP = 2;

/**
 * A deploy that finds nothing to do (design.md, Measuring):
 * 1. 16 synthetic stacks on the default template's graph are deployed once, really;
 * 2. then the same deploy again and again: `ms` from the request to the last event, over HTTP, with the real plan, decisions,
 *    journal and database. Each must skip all 16.
 * `processesStarted` is the sum over all repetitions, counted where Node starts child processes; that the counter works shows in
 * `firstProcesses`, which are those of step 1.
 */
export async function measure(): Promise<Measurement> {
  const root = mkdtempSync(join(tmpdir(), 'cloud-bench-stacks-'));
  const counter = new ProcessCounter();
  const { stacks, settings } = writeSyntheticStacks(root);
  const bench = await BenchApp.start(settings);
  try {
    await bench.engine.warm();
    const deploymentId = await bench.initialise('default');
    counter.reset();
    const first = await bench.deploy(deploymentId);
    await bench.engine.warm();
    const firstProcesses = counter.started;
    const times: number[] = [];
    for (let round = -WARM_UP; round < REPETITIONS; round++) {
      if (round === 0) counter.reset();
      const { ms, accepted } = await bench.deploy(deploymentId);
      const skipped = (accepted['stacksSkipped'] as readonly unknown[]).length;
      if (skipped !== stacks) throw new TypeError(`${skipped} of ${stacks} stacks were skipped`);
      if (round >= 0) times.push(ms);
    }
    return {
      bench: 'no-change',
      conditions: { ...machine(), engine: 'embedded', database: bench.via, stacks, repetitions: REPETITIONS },
      figures: {
        ms: median(times),
        processesStarted: counter.started,
        p95Ms: percentile(times, 95),
        firstMs: first.ms,
        firstProcesses,
      },
      goals: { ms: { atMost: 3000 }, processesStarted: { atMost: 0 } },
    };
  } finally {
    counter.stop();
    await bench.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Child processes that this process starts, by whatever function. */
class ProcessCounter {
  started = 0;
  readonly #count = (): void => {
    this.started += 1;
  };

  constructor() {
    subscribe('child_process', this.#count);
  }

  reset(): void {
    this.started = 0;
  }

  stop(): void {
    unsubscribe('child_process', this.#count);
  }
}

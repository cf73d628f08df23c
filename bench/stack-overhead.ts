import type { StackRun } from '../src/modules/orchestrator/engine.port.js';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement, median, percentile } from './report.js';

const STACK = 'network';
const REPETITIONS = 24;
const WARM_UP = 3;

/**
 * What the server adds around one executed stack (design.md, Measuring). In each round the same work is done twice on the same
 * state, by the same engine in this process:
 * 1. the engine alone: `up` of the real `network` program (29 resources) with changed tags, nobody listening;
 * 2. the whole server: a forced deploy of that stack over HTTP, from the request to the last event, which changes the tags back.
 * Before each of the two the runners are all warm again. The overhead has two parts:
 * - around: the operation's time outside of its engine call, taken in the operation itself;
 * - slowing: how much longer the engine takes inside an operation, which listens and journals meanwhile, than alone (medians).
 * `p95Ms` is the 95th percentile of the first plus the second. `pairedP95Ms` is that of whole minus alone, round by round: the
 * same without the separation, so it also holds whatever else the machine did during one of the two.
 */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start();
  try {
    const runs = recordRuns(bench);
    const deploymentId = await bench.initialise('minimal');
    const deploy = (): Promise<{ readonly ms: number }> =>
      bench.deploy(deploymentId, { stackFilter: [STACK], force: true });
    await bench.engine.warm();
    await deploy();
    const rounds: { alone: number; whole: number; inside: number }[] = [];
    let resources = 0;
    for (let round = -WARM_UP; round < REPETITIONS; round++) {
      const last = runs.at(-1);
      if (!last) throw new TypeError('The deploy did not reach the engine');
      await bench.engine.warm();
      const alone = await timed(() => bench.engine.up(otherwiseTagged(last.run)));
      if (!alone.result.success) throw new TypeError(`The engine alone failed: ${alone.result.error?.message}`);
      await bench.engine.warm();
      const { ms } = await deploy();
      resources = alone.result.resourceCount;
      if (round >= 0) rounds.push({ alone: alone.ms, whole: ms, inside: runs.at(-1)?.ms ?? Number.NaN });
    }
    const around = rounds.map(({ whole, inside }) => whole - inside);
    const engineAloneMs = median(rounds.map(({ alone }) => alone));
    const engineInsideMs = median(rounds.map(({ inside }) => inside));
    const slowingMs = Math.max(0, engineInsideMs - engineAloneMs);
    return {
      bench: 'stack-overhead',
      conditions: {
        ...machine(),
        ...{ engine: 'embedded', database: bench.via, stack: STACK, resources, repetitions: REPETITIONS },
      },
      figures: {
        p95Ms: percentile(around, 95) + slowingMs,
        medianMs: median(around) + slowingMs,
        aroundP95Ms: percentile(around, 95),
        aroundMs: median(around),
        slowingMs,
        pairedP95Ms: percentile(
          rounds.map(({ whole, alone }) => whole - alone),
          95,
        ),
        wholeMs: median(rounds.map(({ whole }) => whole)),
        engineAloneMs,
        engineInsideMs,
      },
      goals: { p95Ms: { atMost: 300 } },
    };
  } finally {
    await bench.stop();
  }
}

/** Listens to what the server asks of its engine. */
function recordRuns({ engine }: BenchApp): { readonly run: StackRun; readonly ms: number }[] {
  const runs: { readonly run: StackRun; readonly ms: number }[] = [];
  const up = engine.up.bind(engine);
  engine.up = async (run) => {
    const { result, ms } = await timed(() => up(run));
    runs.push({ run, ms });
    return result;
  };
  return runs;
}

/** The run once more, by itself, with a tag that the server's own run removes again. */
function otherwiseTagged(run: StackRun): StackRun {
  return {
    ...run,
    config: { ...run.config, [`${STACK}:extraTags`]: JSON.stringify({ Bench: 'alone' }) },
    signal: new AbortController().signal,
    onEvent: () => undefined,
  };
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, ms: performance.now() - startedAt };
}

import { byPriority, toLayers, type StackNode } from './graph.js';

/** Durations by list scheduling (deployments.md 6.5, api.md 5.6). All times in seconds. */

export interface TimedStack extends StackNode {
  readonly seconds: number;
  /** Runs already: occupies a lane from the start, its dependencies are done. */
  readonly isRunning?: boolean;
}

export type Schedule = 'ready' | 'layer';

/** Length of the schedule on `lanes` lanes; dependencies outside the list count as done. */
export function estimate(stacks: readonly TimedStack[], lanes: number, schedule: Schedule): number {
  if (schedule === 'ready') return simulate(stacks, lanes);
  return toLayers(stacks).reduce(
    (total, layer) =>
      total +
      simulate(
        layer.map((stack) => ({ ...stack, dependencies: [] })),
        lanes,
      ),
    0,
  );
}

/** What a running stack still needs: never less than a tenth of its estimate. */
export function remainingOf(estimateSeconds: number, elapsedSeconds: number): number {
  return Math.max(estimateSeconds - elapsedSeconds, estimateSeconds / 10);
}

function simulate(stacks: readonly TimedStack[], lanes: number): number {
  const present = new Set(stacks.map((stack) => stack.name));
  const done = new Set<string>();
  const waiting = stacks.filter((stack) => !stack.isRunning).sort(byPriority);
  let running = stacks.filter((stack) => stack.isRunning).map((stack) => ({ name: stack.name, ends: stack.seconds }));
  let now = 0;
  const isReady = (stack: TimedStack): boolean =>
    stack.dependencies.every((name) => done.has(name) || !present.has(name));
  for (;;) {
    while (running.length < lanes) {
      const next = waiting.findIndex(isReady);
      const [stack] = next < 0 ? [] : waiting.splice(next, 1);
      if (!stack) break;
      running.push({ name: stack.name, ends: now + stack.seconds });
    }
    if (running.length === 0) return now;
    now = Math.min(...running.map((each) => each.ends));
    for (const each of running) if (each.ends <= now) done.add(each.name);
    running = running.filter((each) => each.ends > now);
  }
}

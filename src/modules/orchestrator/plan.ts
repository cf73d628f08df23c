import { estimate, type TimedStack } from './estimate.js';
import { fingerprintOf, type Mac } from './fingerprint.js';
import { restrict } from './graph.js';
import type { PlaceholderResolver, ResolvedStack } from './placeholders/resolve.js';
import { isDestroy, isUpkeep, runNodes, type RunNodes } from './run-nodes.js';
import type { Fingerprint, Plan, PlannedStack, RunRequest, RunStack, RunType } from './run-request.js';
import { decide, isGone } from './skip.js';

/**
 * The plan of a run (deployments.md 7.3, 7.4); no program is started for it.
 * 1. Graph of the selected stacks, layers.
 * 2. By layer: what a stack would be made of is compared with its last successful run. Equal → `skip`. Equal so far, but a
 *    dependency runs → `conditional`: decided again when that one is done. Else `deploy`.
 * 3. Estimates with and without skips.
 * Destroy: layers from the last one to the first, stacks that are not there are skipped. Rollback: what the target says.
 */
export async function buildPlan(request: RunRequest, resolver: PlaceholderResolver, box: Mac): Promise<Plan> {
  const graph = runNodes(request);
  const byName = new Map(request.stacks.map((stack) => [stack.name, stack]));
  const planned = new Map<string, PlannedStack>();
  const fingerprints: Record<string, Fingerprint | null> = {};
  for (const [index, layer] of graph.layers.entries()) {
    for (const name of layer) {
      const stack = byName.get(name);
      const dependencies = graph.nodes.find((node) => node.name === name)?.dependencies ?? [];
      if (!stack) continue;
      const base = baseOf(stack, index + 1);
      if (request.type === 'rollback') planned.set(name, planRollbackOf(request, base));
      else if (isUpkeep(request.type)) planned.set(name, planUpkeepOf(request.type, stack, base));
      else if (isDestroy(request.type)) planned.set(name, planDestroyOf(stack, base));
      else {
        const entry = await planDeployOf(stack, base, dependencies, planned, request, resolver, box);
        planned.set(name, entry.planned);
        fingerprints[name] = entry.fingerprint;
      }
    }
  }
  return summarize(request, graph, planned, fingerprints);
}

/** Protected stacks of a destroy, in the order in which their protection is lifted (stacks.md L3, spec README 56). */
export function protectedStacks(request: Pick<RunRequest, 'stacks'>): string[] {
  return request.stacks
    .filter((stack) => stack.selected && !isGone(stack) && isProtected(stack))
    .map(({ name }) => name);
}

/** By the configuration it runs with now: the last applied one, else the one it was tried with. */
export function isProtected(stack: RunStack): boolean {
  return (stack.instance.lastConfig?.values ?? stack.config)['protectStateful'] === true;
}

type Base = Omit<PlannedStack, 'action' | 'reasons' | 'explanation'>;

function baseOf(stack: RunStack, layer: number): Base {
  return {
    name: stack.name,
    layer,
    priority: stack.priority,
    dependencies: stack.dependencies,
    estimatedDuration: stack.estimateSeconds,
    estimatedRange: stack.estimateRange ?? { from: stack.estimateSeconds, to: stack.estimateSeconds, runs: 0 },
    lastDeployedAt: stack.instance.lastDeployedAt,
  };
}

async function planDeployOf(
  stack: RunStack,
  base: Base,
  dependencies: readonly string[],
  planned: ReadonlyMap<string, PlannedStack>,
  request: RunRequest,
  resolver: PlaceholderResolver,
  box: Mac,
): Promise<{ readonly planned: PlannedStack; readonly fingerprint: Fingerprint | null }> {
  if (stack.skipManually) {
    const explanation = ['It was asked to be skipped.'];
    const fingerprint = stack.instance.fingerprint;
    return { planned: { ...base, action: 'skip', skipReason: 'manual', reasons: [], explanation }, fingerprint };
  }
  const running = dependencies.filter((name) => planned.get(name)?.action !== 'skip');
  const recreated = running.filter((name) => request.stacks.some((each) => each.name === name && isGone(each)));
  const resolved = await resolver.resolve(stack, 'tolerant');
  const fingerprint = resolved.unresolved.length > 0 ? null : fingerprintOf(stack, request.place, resolved, box);
  const decision = decide({ stack, options: request.options, resolved, fingerprint, recreated });
  const { reasons, explanation } = decision;
  const known = running.length === 0 && fingerprint ? lastingFingerprint(stack, resolved, request, box) : null;
  if (decision.action === 'deploy')
    return { planned: { ...base, action: 'deploy', reasons, explanation }, fingerprint: known };
  if (running.length === 0) {
    return { planned: { ...base, action: 'skip', skipReason: 'unchanged', reasons, explanation }, fingerprint };
  }
  const condition = `Decided when ${running.join(', ')} ${running.length === 1 ? 'has' : 'have'} run: equal outputs mean skip.`;
  return {
    planned: { ...base, action: 'conditional', reasons, explanation: [...explanation, condition] },
    fingerprint: null,
  };
}

function planDestroyOf(stack: RunStack, base: Base): PlannedStack {
  if (isGone(stack)) {
    return { ...base, action: 'skip', skipReason: 'not_deployed', reasons: [], explanation: ['It is not deployed.'] };
  }
  return { ...base, action: 'destroy', reasons: [], explanation: [] };
}

/** Without random values made just now: the next plan makes others, and the run again others. */
function lastingFingerprint(stack: RunStack, resolved: ResolvedStack, { place }: RunRequest, box: Mac): Fingerprint {
  const lasting = resolved.resolved.filter(({ key }) => !(key in resolved.newSticky));
  return fingerprintOf(stack, place, { ...resolved, resolved: lasting }, box);
}

const UPKEEP: Readonly<Record<string, readonly [PlannedStack['action'], string]>> = {
  refresh: ['refresh', 'Its state becomes what the cloud has.'],
  'drift-detect': ['detect', 'What the cloud has is compared with its state.'],
  'drift-fix': ['fix', 'Its last configuration is applied again.'],
  'state-import': ['import', 'Its state comes from outside.'],
};

function planUpkeepOf(type: RunType, stack: RunStack, base: Base): PlannedStack {
  const [action, sentence] = UPKEEP[type] ?? ['refresh', ''];
  if (type !== 'state-import' && isGone(stack)) {
    return { ...base, action: 'skip', skipReason: 'not_deployed', reasons: [], explanation: ['It is not deployed.'] };
  }
  if (type === 'drift-fix' && !stack.instance.driftDetected) {
    return { ...base, action: 'skip', skipReason: 'unchanged', reasons: [], explanation: ['No drift of it is known.'] };
  }
  return { ...base, action, reasons: type === 'drift-fix' ? ['drift_detected'] : [], explanation: [sentence] };
}

function planRollbackOf(request: RunRequest, base: Base): PlannedStack {
  const target = request.rollbackTo;
  const goes = target?.destroy.includes(base.name) ?? false;
  const isTouched = goes || target?.deploy[base.name] !== undefined;
  if (!isTouched) {
    const explanation = ['It is as it was in the target version.'];
    return { ...base, action: 'skip', skipReason: 'unchanged', reasons: [], explanation };
  }
  const to = `version ${target?.version ?? 0}`;
  if (target?.conditional?.includes(base.name)) {
    const condition = `It is as it was in ${to}, but reads outputs of stacks that are rolled back: equal outputs mean skip.`;
    return { ...base, action: 'conditional', reasons: [], explanation: [condition] };
  }
  const explanation = [goes ? `It is destroyed: ${to} does not have it.` : `It gets its configuration of ${to}.`];
  return { ...base, action: 'rollback', reasons: [], explanation };
}

function summarize(
  request: RunRequest,
  graph: RunNodes,
  planned: ReadonlyMap<string, PlannedStack>,
  fingerprints: Readonly<Record<string, Fingerprint | null>>,
): Plan {
  const entries = [...planned.values()];
  const isReverse = isDestroy(request.type);
  const numbered = graph.layers.map((names, index) => ({
    layer: index + 1,
    stacks: (isReverse ? [...names].reverse() : names).flatMap((name) => planned.get(name) ?? []),
  }));
  const layers = isReverse ? numbered.reverse() : numbered;
  const { parallel, schedule } = request.options;
  const runs = entries.filter((entry) => entry.action !== 'skip');
  const length = (of: readonly PlannedStack[], seconds: (entry: PlannedStack) => number): number =>
    estimate(timed(graph, of, seconds), parallel, schedule);
  const estimatedDuration = length(runs, (entry) => entry.estimatedDuration);
  const order = layers.flatMap((layer) => layer.stacks);
  return {
    totalStacks: entries.length,
    totalLayers: graph.layers.length,
    maxParallelism: Math.max(0, ...graph.layers.map((layer) => layer.length)),
    estimatedDuration,
    estimatedRange: {
      from: length(runs, ({ estimatedRange }) => estimatedRange.from),
      to: length(runs, ({ estimatedRange }) => estimatedRange.to),
      runs: runs.reduce(
        (least, { estimatedRange }) => Math.min(least, estimatedRange.runs),
        runs[0]?.estimatedRange.runs ?? 0,
      ),
    },
    timeSaved: length(entries, (entry) => entry.estimatedDuration) - estimatedDuration,
    layers,
    stacksToDeploy: order.filter((entry) => entry.action !== 'skip').map((entry) => entry.name),
    stacksSkipped: order.filter((entry) => entry.action === 'skip').map((entry) => entry.name),
    fingerprints,
    stackVersions: Object.fromEntries(
      request.stacks.filter(({ name }) => planned.has(name)).map(({ name, instance }) => [name, instance.stackVersion]),
    ),
    liftProtection: isReverse ? protectedStacks(request) : [],
  };
}

function timed(
  graph: RunNodes,
  entries: readonly PlannedStack[],
  seconds: (entry: PlannedStack) => number,
): TimedStack[] {
  const times = new Map(entries.map((entry) => [entry.name, seconds(entry)]));
  return restrict(graph.nodes, new Set(times.keys())).map((node) => ({ ...node, seconds: times.get(node.name) ?? 0 }));
}

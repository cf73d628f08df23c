import type { StackRunRecord } from '../src/modules/orchestrator/run-request.js';
import { machine, type Measurement } from './report.js';
import { CodeOnDisk } from './skip/code-on-disk.js';
import { deploy } from './skip/environment-run.js';
import { Random } from './skip/random.js';
import { edgesOf, type Evidence, evidenceOf } from './skip/reference.js';
import { aWorld, editRandomly, type World } from './skip/world.js';

const SEQUENCES = 10_000;
const DEPLOYS = 4;
/** Edits before a deploy, at most. */
const EDITS = 3;
/** Mistakes that are shown in full. */
const TOLD = 3;
const SEED = 20_260_101;

/**
 * Does smart skip ever skip what should run (design.md, Measuring)? 10,000 worlds of 2 to 5 stacks, each deployed and then edited
 * and deployed four times over:
 * 1. edits at random: values in every tier, templates, program files, outputs' secrecy, parameters, secrets, variables, account,
 *    region, switches, edges, failures, drift, destroyed stacks, and such as change nothing;
 * 2. the product merges, plans, resolves, compares and runs; double are only the store and the programs, whose outputs follow from
 *    what they see;
 * 3. a naive reference (skip/reference.ts) writes down in full what each program sees and compares that with its last good run.
 * A false skip is a stack left alone that had no good run, has failed or drifted since, or would see anything else. A false run is
 * one that ran although nothing of deployments.md 7.4 is different; `needlessRuns` are those whose program saw the same, by the
 * rules of that section. `npm run bench -- skip-property [seed]`; the seed is among the conditions.
 */
export async function measure(): Promise<Measurement> {
  const seed = Number(process.argv[3] ?? SEED);
  const code = new CodeOnDisk();
  const tally = { decisions: 0, skips: 0, falseSkips: 0, falseRuns: 0, needlessRuns: 0 };
  const startedAt = performance.now();
  try {
    for (let sequence = 0; sequence < SEQUENCES; sequence++) {
      await playSequence(new Random(seed + sequence), code, tally, sequence);
    }
  } finally {
    code.remove();
  }
  return {
    bench: 'skip-property',
    conditions: { ...machine(), seed, sequences: SEQUENCES, deploysPerSequence: DEPLOYS + 1, editsPerDeploy: EDITS },
    figures: {
      falseSkips: tally.falseSkips,
      falseRuns: tally.falseRuns,
      decisions: tally.decisions,
      skips: tally.skips,
      needlessRuns: tally.needlessRuns,
      seconds: (performance.now() - startedAt) / 1000,
    },
    goals: { falseSkips: { atMost: 0 }, falseRuns: { atMost: 0 }, skips: { atLeast: SEQUENCES } },
  };
}

type Tally = Record<'decisions' | 'skips' | 'falseSkips' | 'falseRuns' | 'needlessRuns', number>;

async function playSequence(random: Random, code: CodeOnDisk, tally: Tally, sequence: number): Promise<void> {
  const world = aWorld(random);
  const good = new Map<string, Evidence>();
  const history: string[] = [];
  for (let round = 0; round <= DEPLOYS; round++) {
    if (round > 0) {
      history.push(...Array.from({ length: 1 + random.below(EDITS) }, () => editRandomly(world, random)), 'deploy');
    }
    code.sync(world);
    const before = new Map(world.instances);
    for (const record of await deploy(world, code)) {
      judge(world, before, record, good, tally, () => `sequence ${sequence}: ${history.join(', ')}`);
    }
    world.overrides = {};
    world.failing = new Set();
    world.force = false;
  }
}

function judge(
  world: World,
  before: World['instances'],
  { name, status, skipReason, error, reasons, explanation }: StackRunRecord,
  good: Map<string, Evidence>,
  tally: Tally,
  story: () => string,
): void {
  if (skipReason === 'dependency_failed') return;
  const instance = before.get(name);
  const last = good.get(name);
  const now = evidenceOf(world, name);
  const isSound = instance?.status === 'deployed' && instance.lastOperationSucceeded && !instance.driftDetected;
  tally.decisions += 1;
  if (status === 'skipped') {
    tally.skips += 1;
    if (isSound && last?.seen === now.seen) return;
    tally.falseSkips += 1;
    tell('false skip', story(), name, explanation, last?.seen, now.seen);
    return;
  }
  const template = world.templates.get(name);
  const isRecreated = template && edgesOf(world, template).some((each) => isGone(before.get(each)?.status));
  const mayRun = !isSound || world.force || isRecreated || error !== undefined;
  if (!mayRun && last?.told === now.told) {
    tally.falseRuns += 1;
    tell('false run', story(), name, [...reasons, ...explanation], last.told, now.told);
  } else if (!mayRun && last?.seen === now.seen) tally.needlessRuns += 1;
  if (status === 'deployed') good.set(name, now);
}

function isGone(status: string | undefined): boolean {
  return status === 'not_deployed' || status === 'destroyed';
}

let told = 0;

/** The first few, for whoever has to find out why. */
function tell(what: string, ...facts: readonly unknown[]): void {
  told += 1;
  if (told <= TOLD) console.error(what, ...facts);
}

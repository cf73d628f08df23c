import { join } from 'node:path';
import { EmbeddedEngine } from '../../src/modules/orchestrator/embedded.engine.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import { silentLog } from '../fakes/engine-rig.js';
import { aPulumiEngine, COMMAND_LINE, testCommandLine, WHY_SKIPPED } from '../fakes/pulumi-rig.js';
import { QuickClock } from '../fakes/quick-clock.js';
import { FakeStackStateStore } from '../fakes/stack-state.store.js';
import { recorded, type StepOutcome } from '../parity/normal-form.js';
import { CloudPlace, type Ground, type ParitySubject, Producers, runSteps } from '../parity/parity-run.js';
import { readRecording, writeRecording } from '../parity/recording.js';
import { ENVIRONMENTS, SCENARIOS, STEPS } from '../parity/scenarios.js';

/**
 * The embedded engine against Pulumi's own, on the sandbox cloud: every stack × environment × step. The true engine's outcomes
 * are committed (test/parity/recorded), so the comparison runs everywhere; with a command line they are also made anew for
 * dev. `npm run parity:record` writes them (PARITY_RECORD); PARITY_STACKS and PARITY_ENVIRONMENTS narrow it.
 */
const recording = process.env['PARITY_RECORD'] === 'true';
const wanted = (name: string): string[] | undefined => process.env[name]?.split(',');
const stacks = Object.keys(SCENARIOS);
const lastStack = stacks.findLastIndex((stack) => wanted('PARITY_STACKS')?.includes(stack) ?? true);
const environments = ENVIRONMENTS.filter((name) => wanted('PARITY_ENVIRONMENTS')?.includes(name) ?? true);

jest.setTimeout(300_000);

function embedded(): ParitySubject & { readonly engine: EmbeddedEngine } {
  const place = new CloudPlace();
  const engine = new EmbeddedEngine({
    providerFor: place.providerFor,
    packages: place.packages,
    states: new FakeStackStateStore(),
    secrets: new SecretBox(Buffer.alloc(32, 7)),
    log: silentLog,
    clock: new QuickClock(),
    random: () => 0.5,
    runners: { size: 2, cacheDir: join(PROJECT_ROOT, 'node_modules/.cache/stack-programs') },
  });
  return { place, engine };
}

describe.each(environments)('parity in %s:', (environment) => {
  const ours = embedded();
  const producers = new Producers(ours, environment);
  const isLive = COMMAND_LINE !== undefined && (recording || environment === 'dev');
  const place = new CloudPlace();
  const true_ = isLive
    ? aPulumiEngine({
        providerFor: place.providerFor,
        packages: place.packages,
        runners: { size: 2 },
        seesSecrets: false,
      })
    : undefined;

  afterAll(async () => {
    await Promise.all([ours.engine.close(), true_?.remove()]);
  });

  describe.each(stacks.slice(0, lastStack + 1))('%s', (stack) => {
    const isAsked = wanted('PARITY_STACKS')?.includes(stack) ?? true;
    let ground: Ground;
    let outcomes: Record<string, StepOutcome>;

    beforeAll(async () => {
      ground = await producers.groundOf(stack);
      outcomes = await runSteps(ours, stack, environment, ground);
      expect(outcomes['create']?.end).toBe('ok'); // what cannot be deployed would be equal in both
    });

    const { recordedWith, environments: kept } = readRecording(stack) ?? { environments: {} };
    const expected = kept[environment];
    const did = expected ? `does what Pulumi ${recordedWith} did` : 'does what Pulumi did (skipped: not recorded yet)';
    (isAsked && expected && !recording ? it : it.skip)(did, () => {
      expect(Object.fromEntries(STEPS.map((step) => [step, recorded(outcomes[step]!)]))).toEqual(expected);
    });

    const why = COMMAND_LINE === undefined ? ` (${WHY_SKIPPED})` : isLive ? '' : ' (skipped: live in dev alone)';
    (true_ && isAsked ? it : it.skip)(`does what the command line does${why}`, async () => {
      const theirs = await runSteps({ engine: true_!.engine, place }, stack, environment, ground);
      if (recording) {
        const { version: current } = await testCommandLine();
        const steps = Object.fromEntries(STEPS.map((step) => [step, recorded(theirs[step])]));
        writeRecording(stack, current, environment, steps as Parameters<typeof writeRecording>[3]);
      }
      expect(outcomes).toEqual(theirs);
    });
  });
});

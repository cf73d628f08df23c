import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { EmbeddedEngine } from '../src/modules/orchestrator/embedded.engine.js';
import type { StackEngine, StackRun } from '../src/modules/orchestrator/engine.port.js';
import { PulumiEngine } from '../src/modules/orchestrator/pulumi.engine.js';
import type { CommandLine } from '../src/modules/orchestrator/pulumi/command-line.js';
import { runCommand } from '../src/modules/orchestrator/pulumi/command.js';
import { ProviderHost } from '../src/modules/orchestrator/pulumi/provider-host.js';
import { PROJECT_ROOT } from '../src/shared/kernel/paths.js';
import { SecretBox } from '../src/shared/kernel/secret-box.js';
import { FakeStackLedger } from '../test/fakes/stack-ledger.js';
import { FakeStackStateStore } from '../test/fakes/stack-state.store.js';
import { COMMAND_LINE, testCommandLine } from '../test/fakes/pulumi-rig.js';
import { RandomProvider } from '../tools/random-provider/random.provider.js';
import type { CloudResource } from '../tools/sandbox-cloud/account-store.port.js';
import { MemoryAccountStore } from '../tools/sandbox-cloud/memory.account-store.js';
import type { ResourceProvider } from '../tools/sandbox-cloud/provider.port.js';
import { SandboxCloud } from '../tools/sandbox-cloud/sandbox-cloud.js';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement, median } from './report.js';

/** Deployed to have real configurations; its stacks are measured. */
const TEMPLATE = process.env['BENCH_TEMPLATE'] ?? 'minimal';
const REPETITIONS = 3;
const VERSIONS = { aws: '7.48.0', random: '4.21.2' };
const log = { isOn: () => false, debug: nothing, info: nothing, warn: nothing, error: nothing };

interface Case {
  readonly run: StackRun;
  /** The account before the stack was deployed. */
  readonly ground: readonly CloudResource[];
}

/** One way to run a stack; every repetition of a stack begins with `begin` on an account that does not have it. */
interface Way {
  readonly begin: (run: StackRun) => Promise<void>;
  readonly up: (run: StackRun) => Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * One run of one stack (design.md, Measuring): first (nothing is there) and unchanged, by the embedded engine, by Pulumi through
 * us, and by the plain command line (`stack init`, then `up --skip-preview`, the way a user has it). All three use the same
 * programs, configuration and sandbox account in memory at speed 0; the plain command line attaches to the same provider, so
 * that no plug-in's start counts against it. Runners are warm again before each run. Figures are medians over the
 * repetitions, then over the stacks (`embeddedMs`: the slowest stack).
 */
export async function measure(): Promise<Measurement> {
  const cases = await recordCases();
  const cloud: { of?: SandboxCloud } = {};
  const providerFor = ({
    organization,
    account,
    region,
  }: StackRun | Parameters<typeof providerOf>[0]): ResourceProvider =>
    providerOf({ organization, account, region }, cloud.of);
  const folder = mkdtempSync(join(tmpdir(), 'bench-engine-'));
  const shared = { log, runners: { size: 2, cacheDir: join(folder, 'cache'), environment: {} } };
  const secrets = new SecretBox(Buffer.alloc(32, 7));
  const packages = { random: new RandomProvider() };
  const commandLine = COMMAND_LINE === undefined ? undefined : await testCommandLine();
  const ways: Record<string, Way> = {
    embedded: engineWay(
      new EmbeddedEngine({ ...shared, providerFor, packages, secrets, states: new FakeStackStateStore() }),
    ),
    ...(commandLine
      ? {
          pulumi: engineWay(
            new PulumiEngine({
              ...shared,
              providerFor,
              packages,
              secrets,
              commandLine: () => Promise.resolve(commandLine),
              versions: VERSIONS,
              ledger: new FakeStackLedger(),
              backend: {
                url: undefined,
                folder: join(folder, 'state'),
                secretsProvider: 'passphrase',
                passphrase: 'of the bench',
              },
              workRoot: join(folder, 'work'),
              pulumiHome: join(folder, 'home'),
              environment: environment(folder),
            }),
          ),
          plain: plainWay(commandLine, folder, providerFor, packages),
        }
      : {}),
  };
  const times: Record<string, Record<string, { first: number[]; unchanged: number[] }>> = {};
  try {
    for (let repetition = -1; repetition < REPETITIONS; repetition++) {
      for (const { run, ground } of cases) {
        for (const [name, way] of Object.entries(ways)) {
          const store = new MemoryAccountStore();
          for (const resource of ground) await store.insert(resource);
          cloud.of = new SandboxCloud(store, { speed: 0 });
          const own = { ...run, stack: `${run.stack}-${name}-${repetition + 1}`, fence: 1, onEvent: nothing };
          await way.begin(own);
          const first = await timed(() => way.up(own));
          await way.begin(own);
          const unchanged = await timed(() => way.up(own));
          if (repetition < 0) continue; // caches are made
          const kept = ((times[name] ??= {})[run.programDir] ??= { first: [], unchanged: [] });
          kept.first.push(first);
          kept.unchanged.push(unchanged);
        }
      }
    }
  } finally {
    await Promise.all(Object.values(ways).map((way) => way.end()));
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    bench: 'engine',
    conditions: {
      ...machine(),
      commandLine: commandLine?.version ?? 'none found',
      template: TEMPLATE,
      stacks: cases.length,
      repetitions: REPETITIONS,
    },
    figures: figuresOf(times),
    goals: {
      embeddedMs: { atMost: 1_000 },
      ...(commandLine ? { unchangedOfPlain: { atMost: 0.75 }, firstOfPlain: { atMost: 0.9 } } : {}),
    },
  };
}

function figuresOf(times: Record<string, Record<string, { first: number[]; unchanged: number[] }>>) {
  const medians = (name: string, kind: 'first' | 'unchanged'): number[] =>
    Object.values(times[name] ?? {}).map((stack) => median(stack[kind]));
  const ratio = (kind: 'first' | 'unchanged'): number => {
    const plain = medians('plain', kind);
    return median(medians('pulumi', kind).map((ms, index) => ms / (plain[index] ?? Number.NaN)));
  };
  const perStack = Object.entries(times).flatMap(([name, stacks]) =>
    Object.entries(stacks).flatMap(([program, { first, unchanged }]) => {
      const stack = dirname(program).split('/').at(-1) ?? program;
      return [
        [`${stack}.${name}.firstMs`, median(first)],
        [`${stack}.${name}.unchangedMs`, median(unchanged)],
      ] as const;
    }),
  );
  return {
    embeddedMs: Math.max(...medians('embedded', 'first'), ...medians('embedded', 'unchanged')),
    ...(times['plain'] ? { unchangedOfPlain: ratio('unchanged'), firstOfPlain: ratio('first') } : {}),
    ...Object.fromEntries(perStack),
  };
}

/** Runs of a deployment as the server makes them, with the account that each found. */
async function recordCases(): Promise<Case[]> {
  const bench = await BenchApp.start();
  try {
    const cloud = bench.app.get(SandboxCloud);
    const cases: Case[] = [];
    const { engine } = bench;
    const up = engine.up.bind(engine);
    engine.up = async (run) => {
      const { resources } = await cloud.inventory(run, {}, { skip: 0, limit: 100_000 });
      cases.push({ run: { ...run, signal: new AbortController().signal, refresh: false }, ground: resources });
      return up(run);
    };
    await bench.deploy(await bench.initialise(TEMPLATE), { parallel: 1 });
    return cases;
  } finally {
    await bench.stop();
  }
}

function engineWay(engine: StackEngine): Way {
  return {
    begin: () => engine.warm(),
    up: async (run) => {
      const result = await engine.up(run);
      if (!result.success) throw new TypeError(`${engine.name}: ${result.error?.message}`);
    },
    end: () => engine.close(),
  };
}

/** The command line as a user calls it: a project folder, a Node of its own for language and program. */
function plainWay(
  commandLine: CommandLine,
  root: string,
  providerFor: (run: StackRun) => ResourceProvider,
  packages: Readonly<Record<string, ResourceProvider>>,
): Way {
  let hosts: ProviderHost[] = [];
  const close = (): void => {
    for (const host of hosts.splice(0)) host.close();
  };
  let attached = '';
  const folderOf = (run: StackRun): string => join(root, 'plain', run.stack);
  return {
    begin: async (run) => {
      close();
      mkdirSync(folderOf(run), { recursive: true });
      mkdirSync(join(root, 'plain-state'), { recursive: true });
      hosts = [
        { name: 'aws', version: VERSIONS.aws, providerFor: (region: string) => providerFor({ ...run, region }) },
        ...Object.entries(packages).map(([name, provider]) => ({
          name,
          version: VERSIONS.random,
          providerFor: () => provider,
        })),
      ].map(
        (served) =>
          new ProviderHost(served, {
            ...{ run, runId: run.stack, seesSecrets: false, onRefusal: nothing, onSecret: nothing },
            bridge: {
              signal: new AbortController().signal,
              sleep: async () => undefined,
              random: () => 0.5,
              log,
              mark: (properties) => properties,
            },
          }),
      );
      attached = (await Promise.all(hosts.map((host) => host.open()))).join(',');
    },
    up: async (run) => {
      const folder = folderOf(run);
      const stack = `organization/${run.project}/${run.stack}`;
      const call = async (...args: string[]): Promise<void> => {
        const end = await runCommand(commandLine.file, {
          args: [...args, '--non-interactive', '--color', 'never'],
          cwd: folder,
          environment: {
            ...environment(root),
            PULUMI_HOME: join(root, 'plain-home'),
            PULUMI_BACKEND_URL: `file://${join(root, 'plain-state')}`,
            PULUMI_CONFIG_PASSPHRASE: 'of the bench',
            PULUMI_SKIP_UPDATE_CHECK: 'true',
            PULUMI_DEBUG_PROVIDERS: attached,
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
            // the language plug-in stands beside the command line
            PATH: [dirname(commandLine.file), dirname(process.execPath), process.env['PATH']].join(delimiter),
          },
        });
        if (end.code !== 0) throw new TypeError(`pulumi ${args[0]}: ${end.stderr || end.stdout}`);
      };
      if (await isNew(folder)) {
        writeFileSync(
          join(folder, 'Pulumi.yaml'),
          stringify({
            name: run.project,
            runtime: { name: 'nodejs', options: { typescript: false } },
            main: run.programDir,
          }),
        );
        writeFileSync(join(folder, `Pulumi.${run.stack}.yaml`), stringify({ config: run.config }));
        await call('stack', 'init', stack);
      }
      await call('up', '--yes', '--skip-preview', '--stack', stack);
    },
    end: async () => close(),
  };
}

async function isNew(folder: string): Promise<boolean> {
  const { existsSync } = await import('node:fs');
  return !existsSync(join(folder, 'Pulumi.yaml'));
}

function providerOf(
  place: { readonly organization: string; readonly account: string; readonly region: string },
  cloud: SandboxCloud | undefined,
): ResourceProvider {
  if (!cloud) throw new TypeError('no cloud yet');
  return cloud.provider(place);
}

function environment(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: join(home, 'user'), NODE_PATH: join(PROJECT_ROOT, 'node_modules') };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function nothing(): void {}

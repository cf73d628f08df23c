import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PulumiEngine, type PulumiEngineOptions } from '../../src/modules/orchestrator/pulumi.engine.js';
import type { CommandLine } from '../../src/modules/orchestrator/pulumi/command-line.js';
import { findCommandLine } from '../../src/modules/orchestrator/pulumi/command-line.js';
import { CommandLineMissing } from '../../src/modules/orchestrator/pulumi/pulumi.errors.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import { silentLog } from './engine-rig.js';
import { QuickClock } from './quick-clock.js';
import { FakeStackLedger } from './stack-ledger.js';

const HOME = process.env['PULUMI_HOME'] ?? join(homedir(), '.pulumi');

/** Where tests look; nothing is installed for them. */
function candidates(): string[] {
  const cli = process.env['PULUMI_CLI'];
  if (cli !== undefined) return [cli];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(HOME, 'bin')];
  return folders.filter(Boolean).map((folder) => join(folder, 'pulumi'));
}

/** Absent where the suites of the true engine are skipped; `WHY_SKIPPED` says so in their names. */
export const COMMAND_LINE: string | undefined = candidates().find((file) => existsSync(file));
export const WHY_SKIPPED = 'skipped: no Pulumi command line in PULUMI_CLI, on the PATH or in ~/.pulumi/bin';

export function testCommandLine(): Promise<CommandLine> {
  return findCommandLine({
    cli: COMMAND_LINE,
    path: '',
    home: HOME,
    log: silentLog,
    install: () => Promise.reject(new CommandLineMissing('tests install nothing')),
  });
}

/** A `pulumi` engine with folders of its own; `remove` takes them away. */
export function aPulumiEngine(options: Partial<PulumiEngineOptions> & Pick<PulumiEngineOptions, 'providerFor'>): {
  engine: PulumiEngine;
  folder: string;
  remove: () => Promise<void>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'pulumi-engine-'));
  const { runners, ...rest } = options;
  const engine = new PulumiEngine({
    commandLine: testCommandLine,
    versions: { aws: '7.48.0', random: '4.21.2' },
    ledger: new FakeStackLedger(),
    secrets: new SecretBox(Buffer.alloc(32, 7)),
    backend: {
      url: undefined,
      folder: join(folder, 'state'),
      secretsProvider: 'passphrase',
      passphrase: 'of the tests',
    },
    workRoot: join(folder, 'work'),
    pulumiHome: join(folder, 'home'),
    environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
    log: silentLog,
    graceMs: 2_000,
    clock: new QuickClock(),
    random: () => 0.5,
    ...rest,
    runners: {
      size: 0,
      cacheDir: join(PROJECT_ROOT, 'node_modules/.cache/stack-programs'),
      environment: {},
      ...runners,
    },
  });
  return {
    engine,
    folder,
    remove: async () => {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

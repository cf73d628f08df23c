import { join } from 'node:path';
import { RandomProvider } from '../tools/random-provider/random.provider.js';
import { SandboxCloud } from '../tools/sandbox-cloud/sandbox-cloud.js';
import { EmbeddedEngine } from './modules/orchestrator/embedded.engine.js';
import { StackStatesModule } from './modules/orchestrator/embedded/stack-states.module.js';
import { StackStateRepository } from './modules/orchestrator/embedded/state.repository.js';
import type { OrchestratorOptions } from './modules/orchestrator/orchestrator.module.js';
import { StaticCloudQueries } from './modules/orchestrator/placeholders/static.cloud-queries.js';
import { PulumiEngine } from './modules/orchestrator/pulumi.engine.js';
import { findCommandLine } from './modules/orchestrator/pulumi/command-line.js';
import { installCommandLine } from './modules/orchestrator/pulumi/install.js';
import { LedgerRepository } from './modules/orchestrator/pulumi/ledger.repository.js';
import { CommandLineMissing, CommandLineTooOld } from './modules/orchestrator/pulumi/pulumi.errors.js';
import { StackLedgerModule } from './modules/orchestrator/pulumi/stack-ledger.module.js';
import { packageVersions } from './modules/orchestrator/pulumi/package-versions.js';
import { RunSurroundings } from './modules/orchestrator/run-surroundings.js';
import { StackSlots } from './modules/orchestrator/stack-slots.js';
import { SandboxModule } from './modules/sandbox/sandbox.module.js';
import { Config, ConfigurationError } from './shared/config/config.js';
import { Clock } from './shared/kernel/clock.js';
import { createLog } from './shared/kernel/log.js';
import { SecretBox } from './shared/kernel/secret-box.js';

/** ENGINE and CLOUD → adapters. The server never falls back from one to another by itself. */
export function engineOptions(config: Config): OrchestratorOptions {
  const engine = config.engine.engine === 'pulumi' ? pulumi(config) : embedded(config);
  return {
    imports: [...(config.engine.cloud === 'sandbox' ? [SandboxModule] : []), ...(engine.imports ?? [])],
    surroundings: {
      inject: [SecretBox, Clock],
      // the engine's own grace comes first
      useFactory: (secrets: SecretBox, clock: Clock) =>
        new RunSurroundings(
          config.engine.cloud,
          secrets,
          { graceMs: config.runs.cancelGraceSeconds * 1000 + 5_000 },
          new StackSlots(clock, {
            stacks: config.runs.concurrentStacks,
            freeBytes: config.runs.minFreeBytes,
            available: () => process.availableMemory(),
          }),
        ),
    },
    engine: { inject: engine.inject ?? [], useFactory: engine.useFactory },
    queries: config.engine.cloud === 'sandbox' ? sandboxQueries() : awsQueries(),
  };
}

function sandboxQueries(): OrchestratorOptions['queries'] {
  return { inject: [SandboxCloud], useFactory: (cloud: SandboxCloud) => new StaticCloudQueries(cloud) };
}

/** Loaded when it is needed: nine clients of the SDK take 130 MB and a second, for which a sandbox has no use. */
function awsQueries(): OrchestratorOptions['queries'] {
  return {
    useFactory: async () => {
      const { AwsCloudQueries } = await import('./modules/orchestrator/placeholders/aws.cloud-queries.js');
      return new AwsCloudQueries();
    },
  };
}

type EngineWiring = Pick<OrchestratorOptions['engine'], 'inject' | 'useFactory'> &
  Required<Pick<OrchestratorOptions, 'imports'>>;

function embedded(config: Config): EngineWiring {
  return {
    imports: [StackStatesModule],
    inject: [SandboxCloud, StackStateRepository, SecretBox],
    useFactory: (cloud: SandboxCloud, states: StackStateRepository, secrets: SecretBox) =>
      new EmbeddedEngine({ ...shared(config), ...sandbox(cloud), states, secrets }),
  };
}

function pulumi(config: Config): EngineWiring {
  const { pulumi: settings, cloud } = config.engine;
  const log = createLog('engine');
  return {
    imports: [StackLedgerModule],
    inject: [LedgerRepository, SecretBox, ...(cloud === 'sandbox' ? [SandboxCloud] : [])],
    useFactory: async (ledger: LedgerRepository, secrets: SecretBox, account?: SandboxCloud) => {
      const engine = new PulumiEngine({
        ...shared(config),
        ...(account ? sandbox(account) : {}),
        commandLine: () =>
          findCommandLine({
            cli: settings.cli,
            path: settings.environment['PATH'] ?? '',
            home: settings.home,
            log,
            install: () => installCommandLine(settings.home),
          }),
        versions: packageVersions(),
        ledger,
        secrets,
        backend: {
          url: settings.backendUrl,
          folder: join(config.paths.data, 'pulumi', 'state'),
          secretsProvider: settings.secretsProvider,
          passphrase: settings.passphrase,
        },
        workRoot: join(config.paths.data, 'pulumi', 'work'),
        pulumiHome: settings.home,
        environment: settings.environment,
      });
      const { file, version, source } = await engine.commandLine().catch((error: unknown) => {
        const isTold = error instanceof CommandLineMissing || error instanceof CommandLineTooOld;
        throw isTold ? new ConfigurationError([error.message]) : error;
      });
      log.info('Pulumi command line found', { file, version, source });
      return engine;
    },
  };
}

function shared(config: Config) {
  return {
    log: createLog('engine'),
    graceMs: config.runs.cancelGraceSeconds * 1000,
    runners: {
      size: config.engine.runners,
      cacheDir: join(config.paths.data, 'cache', 'programs'),
      environment: {},
    },
  };
}

function sandbox(
  cloud: SandboxCloud,
): Pick<ConstructorParameters<typeof EmbeddedEngine>[0], 'providerFor' | 'packages'> {
  return {
    providerFor: ({ organization, account, region }) => cloud.provider({ organization, account, region }),
    packages: { random: new RandomProvider() },
  };
}

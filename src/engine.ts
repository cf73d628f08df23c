import { join } from 'node:path';
import { RandomProvider } from '../tools/random-provider/random.provider.js';
import { SandboxCloud } from '../tools/sandbox-cloud/sandbox-cloud.js';
import { EmbeddedEngine } from './modules/orchestrator/embedded.engine.js';
import { StackStatesModule } from './modules/orchestrator/embedded/stack-states.module.js';
import { StackStateRepository } from './modules/orchestrator/embedded/state.repository.js';
import type { OrchestratorOptions } from './modules/orchestrator/orchestrator.module.js';
import { StaticCloudQueries } from './modules/orchestrator/placeholders/static.cloud-queries.js';
import { RunSurroundings } from './modules/orchestrator/run-surroundings.js';
import { SandboxModule } from './modules/sandbox/sandbox.module.js';
import { Config } from './shared/config/config.js';
import { createLog } from './shared/kernel/log.js';
import { SecretBox } from './shared/kernel/secret-box.js';

/** ENGINE and CLOUD → adapters. Today: the embedded engine on the sandbox cloud; readConfig refuses everything else. */
export function engineOptions(config: Config): OrchestratorOptions {
  return {
    imports: [SandboxModule, StackStatesModule],
    surroundings: {
      inject: [SecretBox],
      // the engine's own grace comes first
      useFactory: (secrets: SecretBox) =>
        new RunSurroundings(config.engine.cloud, secrets, { graceMs: config.runs.cancelGraceSeconds * 1000 + 5_000 }),
    },
    engine: {
      inject: [Config, SandboxCloud, StackStateRepository, SecretBox],
      useFactory: (settings: Config, cloud: SandboxCloud, states: StackStateRepository, secrets: SecretBox) =>
        new EmbeddedEngine({
          providerFor: ({ organization, account, region }) => cloud.provider({ organization, account, region }),
          packages: { random: new RandomProvider() },
          states,
          secrets,
          log: createLog('engine'),
          graceMs: settings.runs.cancelGraceSeconds * 1000,
          runners: {
            size: settings.engine.runners,
            cacheDir: join(settings.paths.data, 'cache', 'programs'),
            environment: {},
          },
        }),
    },
    queries: {
      inject: [SandboxCloud],
      useFactory: (cloud: SandboxCloud) => new StaticCloudQueries(cloud),
    },
  };
}

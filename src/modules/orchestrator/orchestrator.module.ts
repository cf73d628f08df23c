import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { createLog } from '../../shared/kernel/log.js';
import { CloudQueries } from './cloud-queries.port.js';
import { StackEngine } from './engine.port.js';
import { OrchestratorService } from './orchestrator.service.js';
import { RunSurroundings } from './run-surroundings.js';

export interface OrchestratorOptions {
  /** Modules that the factories inject from. */
  readonly imports?: DynamicModule['imports'];
  readonly engine: Omit<FactoryProvider<StackEngine>, 'provide'>;
  readonly queries: Omit<FactoryProvider<CloudQueries>, 'provide'>;
  readonly surroundings: Omit<FactoryProvider<RunSurroundings>, 'provide'>;
}

/** Which engine and which look-ups there are is decided by the application (ENGINE, CLOUD). */
@Module({})
export class OrchestratorModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #isClosing = false;

  constructor(private readonly engine: StackEngine) {}

  /** Runners load while the server already listens. */
  onApplicationBootstrap(): void {
    this.engine.warm().catch((error: unknown) => {
      if (!this.#isClosing) createLog('engine').error('runners could not be started', { error });
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.#isClosing = true;
    await this.engine.close();
  }

  static with(options: OrchestratorOptions): DynamicModule {
    return {
      module: OrchestratorModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: StackEngine, ...options.engine },
        { provide: CloudQueries, ...options.queries },
        { provide: RunSurroundings, ...options.surroundings },
        OrchestratorService,
      ],
      exports: [OrchestratorService, StackEngine, CloudQueries],
    };
  }
}

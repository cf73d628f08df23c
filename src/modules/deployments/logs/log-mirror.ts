import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../../../shared/events/event-bus.js';
import { RUN_ENDS, type StoredEvent } from '../../../shared/events/events.js';
import { createLog } from '../../../shared/kernel/log.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { DeploymentMirror } from '../mirror/deployment-mirror.js';
import { parseFileName } from './log-files.js';
import { LogFiles } from './log-files.service.js';

const log = createLog('logs');

/**
 * Writes log files into the folder of the deployment: the one of the initialisation with it, those of an operation when it has
 * ended, without keeping anybody waiting. A process that dies between the two leaves them out; the database has the lines.
 */
@Injectable()
export class LogMirror implements OnModuleInit, BeforeApplicationShutdown {
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: EventBus,
    private readonly deployments: DeploymentsRepository,
    private readonly files: LogFiles,
    private readonly mirror: DeploymentMirror,
  ) {}

  onModuleInit(): void {
    if (!this.mirror.isOn) return;
    this.bus.on(['deployment_created'], (event) => this.write(event));
    this.bus.on(RUN_ENDS, (event) => {
      if (event.data['rollback'] === 'started') return;
      this.#writing = this.#writing
        .then(() => this.write(event))
        .catch((error: unknown) => log.warn('log files were not mirrored', { error, ...event.scope }));
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#writing;
  }

  private async write({ scope }: StoredEvent): Promise<void> {
    const { deploymentId = '', operationId } = scope;
    const deployment = await this.deployments.find(deploymentId);
    if (!deployment) return;
    const own = operationId ? { operationIds: [operationId] } : { types: ['init' as const] };
    for (const { name } of await this.files.list({ deploymentId, ...own })) {
      const parsed = parseFileName(name);
      const file = parsed && (await this.files.find({ deploymentId }, parsed, name)); // with whoever began in the same second
      if (file) await this.mirror.writeLog(deployment, name, this.files.read(deploymentId, file));
    }
  }
}

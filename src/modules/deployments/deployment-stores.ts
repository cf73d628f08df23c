import { Injectable } from '@nestjs/common';
import { EventLog } from '../../shared/events/event-log.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { EnvironmentClosing } from './environments/environment-closing.js';
import { EnvironmentsRepository } from './environments/environments.repository.js';
import { StackInstancesRepository } from './environments/stack-instances.repository.js';
import { VersionsRepository } from './environments/versions.repository.js';
import { ManifestVault } from './manifest-vault.js';
import { DeploymentMirror } from './mirror/deployment-mirror.js';
import { OperationsRepository } from './operations/operations.repository.js';

/** Repositories and the mirror of DeploymentsService. */
@Injectable()
export class DeploymentStores {
  constructor(
    readonly deployments: DeploymentsRepository,
    readonly environments: EnvironmentsRepository,
    readonly instances: StackInstancesRepository,
    readonly versions: VersionsRepository,
    readonly operations: OperationsRepository,
    readonly closing: EnvironmentClosing,
    readonly mirror: DeploymentMirror,
    readonly vault: ManifestVault,
    readonly eventLog: EventLog,
  ) {}
}

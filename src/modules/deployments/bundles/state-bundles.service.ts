import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { type Lease, Leases } from '../../../shared/database/leases.js';
import { Denied, NotFound } from '../../../shared/errors/app-error.js';
import { EventLog } from '../../../shared/events/event-log.js';
import { draft } from '../../../shared/events/events.js';
import { isPlatformAdmin, type Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { Ids } from '../../../shared/kernel/ids.js';
import { createLog } from '../../../shared/kernel/log.js';
import { StackInstancesRepository } from '../environments/stack-instances.repository.js';
import { OperationsRepository } from '../operations/operations.repository.js';
import type { StateBackup } from '../state/state-backup.js';
import { StateBackups } from '../state/state-backups.js';
import { StateBackupsRepository } from '../state/state-backups.repository.js';
import type { BundleEntry, StateBundle } from './state-bundle.js';
import { StateBundlesRepository } from './state-bundles.repository.js';

/** Life of a bundle's lease, in ms, renewed after every environment; some hundred exports of the command line fit into it. */
const LEASE_MS = 300_000;

const log = createLog('state-bundles');

/** Where states and what is known of them are. */
@Injectable()
export class BundleSources {
  constructor(
    readonly instances: StackInstancesRepository,
    readonly operations: OperationsRepository,
    readonly backups: StateBackups,
    readonly kept: StateBackupsRepository,
    readonly eventLog: EventLog,
  ) {}
}

@Injectable()
export class BundleTools {
  constructor(
    readonly config: Config,
    readonly leases: Leases,
    readonly clock: Clock,
    readonly ids: Ids,
  ) {}
}

/**
 * Bundles of all states: what belongs in is written down first, then one environment after another is read and kept as a
 * backup of its own. A bundle whose process died goes on where it stopped at the next start.
 */
@Injectable()
export class StateBundlesService implements OnApplicationBootstrap {
  constructor(
    private readonly bundles: StateBundlesRepository,
    private readonly sources: BundleSources,
    private readonly tools: BundleTools,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.tools.config.server.roles.includes('worker')) return;
    for (const bundle of await this.bundles.listRunning()) this.goOn(bundle.bundleId);
  }

  /** @throws Denied for whoever is no administrator of the platform */
  async exportAll(principal: Principal): Promise<StateBundle> {
    requirePlatformAdmin(principal);
    const standing = await this.sources.instances.listStanding();
    const bundle: StateBundle = {
      bundleId: `sx-${this.tools.ids.base36(12)}`,
      status: 'running',
      createdAt: this.tools.clock.now(),
      createdBy: principal.name,
      completedAt: null,
      entries: standing.map((where) => ({
        ...where,
        ...{ status: 'pending', backupId: null, operationInProgress: false, error: null },
      })),
    };
    await this.bundles.insert(bundle);
    this.goOn(bundle.bundleId);
    return bundle;
  }

  /** With the states that it has come to. @throws Denied, NotFound */
  async get(
    principal: Principal,
    bundleId: string,
  ): Promise<{ readonly bundle: StateBundle; readonly states: ReadonlyMap<string, StateBackup['states']> }> {
    requirePlatformAdmin(principal);
    const bundle = await this.bundles.find(bundleId);
    if (!bundle) throw new NotFound('bundle', bundleId);
    const states = new Map<string, StateBackup['states']>();
    for (const { deploymentId, backupId } of bundle.entries) {
      const backup = backupId && (await this.sources.kept.find(deploymentId, backupId));
      if (backup) states.set(backup.backupId, backup.states);
    }
    return { bundle, states };
  }

  private goOn(bundleId: string): void {
    this.work(bundleId).catch((error: unknown) =>
      log.error('a bundle of states was not finished', { error, bundleId }),
    );
  }

  private async work(bundleId: string): Promise<void> {
    const { leases, clock } = this.tools;
    const lease = await leases.acquire(`bundle/${bundleId}`, LEASE_MS);
    if (!lease) return;
    try {
      const bundle = await this.bundles.find(bundleId);
      for (const [index, entry] of (bundle?.entries ?? []).entries()) {
        if (entry.status !== 'pending') continue;
        await this.bundles.keepEntry(bundleId, index, await this.read(bundle as StateBundle, entry, lease));
      }
      await this.bundles.complete(bundleId, clock.now());
    } finally {
      await leases.release(lease);
    }
  }

  private async read({ bundleId, createdBy }: StateBundle, entry: BundleEntry, lease: Lease): Promise<BundleEntry> {
    const { organization, deploymentId, environment, stacks } = entry;
    const { backups, operations, eventLog } = this.sources;
    await this.tools.leases.renew(lease, LEASE_MS);
    const operationInProgress = (await operations.findActive(deploymentId, environment)) !== null;
    try {
      const order = { organization, deploymentId, environment, stack: null, reason: 'manual', by: createdBy } as const;
      const backup = await backups.take({ ...order, label: `export-all ${bundleId}` }, stacks);
      if (!backup) return { ...entry, operationInProgress, status: 'empty' };
      const told = { stacks: Object.keys(backup.states), by: createdBy, backupId: backup.backupId };
      await eventLog.write(organization, async (append) => {
        append(draft('state_exported', { organization, deploymentId, environment }, told));
      });
      const ran = operationInProgress || (await operations.findActive(deploymentId, environment)) !== null;
      return { ...entry, operationInProgress: ran, status: 'done', backupId: backup.backupId };
    } catch (error) {
      log.warn('states of an environment were not read', { error, bundleId, deploymentId, environment });
      return {
        ...entry,
        operationInProgress,
        status: 'failed',
        error: (error as { code?: string }).code ?? 'INTERNAL_ERROR',
      };
    }
  }
}

function requirePlatformAdmin(principal: Principal): void {
  if (isPlatformAdmin(principal)) return;
  throw new Denied('AUTHZ_FORBIDDEN', 403, 'Only an administrator of the platform may export all states', {
    details: { permission: 'admin:*', organization: '*', requiredRoles: ['admin'] },
  });
}

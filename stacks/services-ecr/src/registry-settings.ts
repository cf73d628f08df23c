import { RegistryScanningConfiguration, ReplicationConfiguration } from '@pulumi/aws/ecr/index.js';
import { type Context, opts, type ServicesEcrConfig } from '../../shared/index.js';

/** Settings of the whole registry of account and region; only one deployment may own them (stacks.md 9.2). */
export function createRegistrySettings(ctx: Context, cfg: ServicesEcrConfig): void {
  if (!cfg.manageRegistrySettings) return;
  new RegistryScanningConfiguration(
    'registry-scanning',
    {
      scanType: cfg.enhancedScanning ? 'ENHANCED' : 'BASIC',
      rules: [{ scanFrequency: 'SCAN_ON_PUSH', repositoryFilters: [{ filter: '*', filterType: 'WILDCARD' }] }],
    },
    opts(ctx),
  );
  if (cfg.replicationRegions.length === 0) return;
  new ReplicationConfiguration(
    'registry-replication',
    {
      replicationConfiguration: {
        rules: [
          {
            destinations: cfg.replicationRegions.map((region) => ({ region, registryId: ctx.accountId })),
            repositoryFilters: [{ filter: `${ctx.project}/`, filterType: 'PREFIX_MATCH' }],
          },
        ],
      },
    },
    opts(ctx),
  );
}

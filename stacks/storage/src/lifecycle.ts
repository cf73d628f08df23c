import type { BucketName, LifecycleRule, StorageConfig } from '../../shared/index.js';

/** Transitions and expirations of a bucket. A number of days that is not configured leaves its action out. */
export function lifecycleRules(cfg: StorageConfig, name: BucketName): LifecycleRule[] {
  const cooling = transitions([
    ['STANDARD_IA', cfg.iaTransitionDays],
    ['GLACIER', cfg.glacierTransitionDays],
  ]);
  switch (name) {
    case 'primary':
      return rule('cool-and-clean', '', { ...cooling, ...oldVersions(cfg.noncurrentExpirationDays) });
    case 'lake':
      // raw/ alone: curated/ is what queries read every day (STO-3)
      return rule('cool-raw', 'raw/', { ...cooling, ...oldVersions(cfg.noncurrentExpirationDays) });
    case 'backups':
      return rule('archive', '', {
        ...transitions([['GLACIER', cfg.backupsGlacierDays]]),
        ...oldVersions(cfg.noncurrentExpirationDays),
      });
    case 'logs':
      return rule('expire', '', {
        ...(cfg.logExpirationDays === undefined ? {} : { expiration: { days: cfg.logExpirationDays } }),
        ...oldVersions(cfg.noncurrentExpirationDays),
      });
    case 'artifacts':
      return rule('clean', '', oldVersions(cfg.artifactExpirationDays)); // the newest of each stays: it may be deployed
    case 'static-assets':
      return [];
    default:
      return name satisfies never;
  }
}

type Actions = Pick<LifecycleRule, 'transitions' | 'expiration' | 'noncurrentVersionExpiration'>;

function rule(id: string, prefix: string, actions: Actions): LifecycleRule[] {
  return Object.keys(actions).length === 0 ? [] : [{ id, status: 'Enabled', filter: { prefix }, ...actions }];
}

function transitions(steps: readonly (readonly [storageClass: string, days: number | undefined])[]): Actions {
  const wanted = steps.flatMap(([storageClass, days]) => (days === undefined ? [] : [{ storageClass, days }]));
  return wanted.length === 0 ? {} : { transitions: wanted };
}

function oldVersions(days: number | undefined): Actions {
  return days === undefined ? {} : { noncurrentVersionExpiration: { noncurrentDays: days } };
}

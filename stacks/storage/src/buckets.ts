import { type Bucket, BucketCorsConfiguration, BucketNotification } from '@pulumi/aws/s3/index.js';
import { type BucketName, type Context, opts, secureBucket, type StorageConfig } from '../../shared/index.js';
import { bucketStatements } from './bucket-policies.js';
import { lifecycleRules } from './lifecycle.js';

export type Buckets = ReadonlyMap<BucketName, Bucket>;

/** What cannot be made again (stacks.md L1). */
const STATEFUL: readonly BucketName[] = ['primary', 'backups', 'lake'];

/** Seconds that a browser remembers what it may read. */
const CORS_MAX_AGE = 3600;

/**
 * The key of each bucket's objects. Load balancers cannot write with a customer key, so the logs have keys of S3 itself
 * (stacks.md B2).
 */
function keyArnOf(cfg: StorageConfig, name: BucketName): string | undefined {
  if (name === 'logs') return undefined;
  return name === 'backups' ? cfg.databaseKeyArn : cfg.applicationKeyArn;
}

export function createBuckets(ctx: Context, cfg: StorageConfig): Buckets {
  const buckets = new Map(
    cfg.buckets.map((name) => {
      const kmsKeyArn = keyArnOf(cfg, name);
      const bucket = secureBucket(ctx, {
        name,
        stateful: STATEFUL.includes(name),
        versioned: name !== 'static-assets', // made by a build, which can make them again
        ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
        lifecycleRules: lifecycleRules(cfg, name),
        statements: (arn) => bucketStatements(ctx, name, arn),
      });
      return [name, bucket] as const;
    }),
  );

  const primary = buckets.get('primary');
  if (primary) {
    // The one configuration of its notifications: who wants to know adds a rule to EventBridge (stacks.md 9.2).
    new BucketNotification('primary-bucket-events', { bucket: primary.bucket, eventbridge: true }, opts(ctx));
  }
  const assets = buckets.get('static-assets');
  if (assets) {
    new BucketCorsConfiguration(
      'static-assets-bucket-cors',
      {
        bucket: assets.bucket,
        corsRules: [
          {
            allowedMethods: ['GET', 'HEAD'],
            allowedOrigins: [`https://${cfg.envDomain}`, `https://www.${cfg.envDomain}`],
            maxAgeSeconds: CORS_MAX_AGE,
          },
        ],
      },
      opts(ctx),
    );
  }
  return buckets;
}

import {
  Bucket,
  BucketLifecycleConfiguration,
  BucketOwnershipControls,
  BucketPolicy,
  BucketPublicAccessBlock,
  BucketServerSideEncryptionConfiguration,
  BucketVersioning,
} from '@pulumi/aws/s3/index.js';
import type { input } from '@pulumi/aws/types/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { type Statement, tlsOnlyBucketPolicy } from './policies.js';
import type { Context } from './types.js';
import { name, NAME_LIMITS, opts, tags } from './utils.js';

export type LifecycleRule = input.s3.BucketLifecycleConfigurationRule;

export interface BucketSpec {
  /** Component of its name: `primary` makes the logical `primary-bucket` and `{project}-{env}-primary-{depId}` (stacks.md N3). */
  readonly name: string;
  /** Belongs to the stateful set L1. */
  readonly stateful?: boolean;
  /** Customer key; absent: keys of S3 itself (AES256), for writers that cannot use a customer key. */
  readonly kmsKeyArn?: pulumi.Input<string>;
  readonly versioned: boolean;
  /** Besides the rule that every bucket has: unfinished uploads go after 7 days. */
  readonly lifecycleRules?: readonly LifecycleRule[];
  /** What others may do, besides what IAM policies of the account grant. TLS is demanded of everybody. */
  readonly statements?: (bucketArn: pulumi.Output<string>) => readonly Statement[];
}

/** Days after which parts of an upload that never ended are removed (stacks.md 10.6). */
const UNFINISHED_UPLOAD_DAYS = 7;

/**
 * A private, encrypted bucket that only speaks TLS: six resources, seven when versioned. A plain function, so that logical names
 * and counts stay flat. `forceDestroy` in dev only (stacks.md L4).
 */
export function secureBucket(ctx: Context, spec: BucketSpec): Bucket {
  const logical = `${spec.name}-bucket`;
  const bucket = new Bucket(
    logical,
    {
      bucket: name(ctx, spec.name, NAME_LIMITS.s3),
      forceDestroy: ctx.environment === 'dev',
      tags: tags(ctx, logical),
    },
    opts(ctx, { stateful: spec.stateful ?? false }),
  );
  const of = { bucket: bucket.bucket };

  const ownership = new BucketOwnershipControls(
    `${logical}-ownership`,
    { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } },
    opts(ctx),
  );
  // S3 refuses two changes of one bucket's access at a time, so these three follow each other.
  const access = new BucketPublicAccessBlock(
    `${logical}-public-access`,
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    opts(ctx, { dependsOn: [ownership] }),
  );
  new BucketPolicy(
    `${logical}-policy`,
    { ...of, policy: tlsOnlyBucketPolicy(bucket.arn, spec.statements?.(bucket.arn)) },
    opts(ctx, { dependsOn: [access] }),
  );

  new BucketServerSideEncryptionConfiguration(
    `${logical}-encryption`,
    {
      ...of,
      rules: [
        spec.kmsKeyArn === undefined
          ? { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }
          : {
              applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: spec.kmsKeyArn },
              bucketKeyEnabled: true,
            },
      ],
    },
    opts(ctx),
  );
  const versioning = spec.versioned
    ? [
        new BucketVersioning(
          `${logical}-versioning`,
          { ...of, versioningConfiguration: { status: 'Enabled' } },
          opts(ctx),
        ),
      ]
    : [];
  new BucketLifecycleConfiguration(
    `${logical}-lifecycle`,
    {
      ...of,
      rules: [
        {
          id: 'abort-unfinished-uploads',
          status: 'Enabled',
          filter: { prefix: '' },
          abortIncompleteMultipartUpload: { daysAfterInitiation: UNFINISHED_UPLOAD_DAYS },
        },
        ...(spec.lifecycleRules ?? []),
      ],
    },
    opts(ctx, { dependsOn: versioning }), // rules over old versions need versions
  );
  return bucket;
}

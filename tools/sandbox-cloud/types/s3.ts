import type { CloudResource } from '../account-store.port.js';
import { upperAlphanumeric } from '../identities.js';
import { flag, json, length, list, object, oneOf, pattern, setOf, text } from '../inputs.js';
import { statementsOf } from '../policy-document.js';
import { CloudError, type Properties } from '../provider.port.js';
import {
  claimOf,
  type ClaimContext,
  type Claim,
  type CloudView,
  needText,
  type Reference,
  type ResourceSpec,
  textOf,
  textsOf,
} from '../resource-spec.js';
import { lifecycleProblem } from './s3-lifecycle.js';

const BUCKET_TYPE = 'aws:s3/bucket:Bucket';
/** Bucket names live outside regions. */
const GLOBAL = 'global';
/** Source: "General purpose bucket quotas" of the S3 user guide, default. */
const BUCKETS_PER_ACCOUNT = 10_000;
/** Bytes of a bucket policy. */
const LONGEST_POLICY = 20_480;

/** Hosted zones of the S3 website endpoints. Source: "Amazon S3 endpoints and quotas" of the AWS general reference. */
const WEBSITE_ZONES: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Z2M4EHUR26P7ZW',
  'ap-southeast-1': 'Z3O0J2DXBE1FTB',
  'ap-southeast-2': 'Z1WCIGYICN2BYD',
  'eu-central-1': 'Z21DNDUVLTQW6Q',
  'eu-west-1': 'Z1BKCTXD74EZPE',
  'eu-west-2': 'Z3GKZC51ZF0DB4',
  'sa-east-1': 'Z7KQH4QJS55SO',
  'us-east-1': 'Z3AQBSTGFAJSTF',
  'us-east-2': 'Z2O1EMRO9K5GLX',
  'us-west-1': 'Z2F56UZL2M1ACD',
  'us-west-2': 'Z3BJ6K6RIION7M',
};

export const BUCKET: ResourceSpec = {
  type: BUCKET_TYPE,
  kind: 's3-bucket',
  taggable: true,
  seconds: { create: 2, update: 1, delete: 1 },
  autoName: { maxLength: 63, input: 'bucket' },
  inputs: {
    accelerationStatus: text({ computed: true, check: oneOf('Enabled', 'Suspended') }),
    acl: text({ computed: true }),
    bucket: text({
      computed: true,
      replaces: true,
      check: pattern(
        /^(?!xn--|.*\.\.|\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        'expected 3 to 63 of a-z 0-9 . -, a letter or digit at both ends',
      ),
    }),
    bucketNamespace: text({ computed: true, replaces: true }),
    bucketPrefix: text({ computed: true, replaces: true, check: length(0, 37) }),
    corsRules: list({ computed: true }),
    forceDestroy: flag({ default: false }),
    grants: setOf({ computed: true }),
    lifecycleRules: list({ computed: true }),
    logging: object({ computed: true }),
    objectLockConfiguration: object({ computed: true }),
    objectLockEnabled: flag({ computed: true, replaces: true }),
    policy: json({ computed: true }),
    replicationConfiguration: object({ computed: true }),
    requestPayer: text({ computed: true, check: oneOf('Requester', 'BucketOwner') }),
    serverSideEncryptionConfiguration: object({ computed: true }),
    versioning: object({ computed: true }),
    website: object({ computed: true }),
  },
  outputs: [
    'arn',
    'bucketDomainName',
    'bucketRegion',
    'bucketRegionalDomainName',
    'hostedZoneId',
    'websiteDomain',
    'websiteEndpoint',
  ],
  id: ({ inputs }) => needText(inputs, 'bucket'),
  arn: ({ id }) => bucketArn(id),
  compute: ({ inputs, id, region }) => ({
    accelerationStatus: inputs.accelerationStatus ?? '',
    bucketDomainName: `${id}.s3.amazonaws.com`,
    bucketNamespace: inputs.bucketNamespace ?? 'global',
    bucketPrefix: inputs.bucketPrefix ?? '',
    bucketRegion: region,
    bucketRegionalDomainName: `${id}.s3.${region}.amazonaws.com`,
    grants: inputs.grants ?? [],
    hostedZoneId: WEBSITE_ZONES[region] ?? `Z${upperAlphanumeric(`s3|${region}`, 13)}`,
    objectLockEnabled: inputs.objectLockEnabled ?? false,
    policy: inputs.policy ?? '',
    requestPayer: inputs.requestPayer ?? 'BucketOwner',
    serverSideEncryptionConfiguration: inputs.serverSideEncryptionConfiguration ?? {
      rule: { applyServerSideEncryptionByDefault: { kmsMasterKeyId: '', sseAlgorithm: 'AES256' } },
    },
    versioning: inputs.versioning ?? { enabled: false, mfaDelete: false },
    ...(inputs.website
      ? {
          websiteDomain: `s3-website-${region}.amazonaws.com`,
          websiteEndpoint: `${id}.s3-website-${region}.amazonaws.com`,
        }
      : {}),
  }),
  claims: ({ inputs }) => [
    {
      value: claimOf(GLOBAL, 's3-bucket', String(inputs.bucket)),
      taken: () =>
        new CloudError(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
        ),
    },
  ],
  quotas: () => [
    {
      limit: BUCKETS_PER_ACCOUNT,
      query: { type: BUCKET_TYPE },
      error: new CloudError('TooManyBuckets', 'You have attempted to create more buckets than allowed'),
    },
  ],
  isForced: ({ forceDestroy }) => forceDestroy === true,
  contents: {
    property: 'objects',
    notEmpty: ({ id }) =>
      new CloudError(
        'BucketNotEmpty',
        `The bucket you tried to delete is not empty: ${id}. You must delete all versions in the bucket.`,
      ),
  },
  notFound: noBucket,
};

/** What the settings of a bucket have in common: one of each kind per bucket, a second one takes its place, all go with it. */
function bucketSetting(
  name: string,
  parts: Pick<ResourceSpec, 'inputs'> &
    Partial<Pick<ResourceSpec, 'compute' | 'guard' | 'isRetained'>> & { seconds?: number },
): ResourceSpec {
  const kind = `s3-${name}`;
  const { seconds = 1, compute = () => ({}), ...others } = parts;
  return {
    type: `aws:s3/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`,
    kind,
    seconds: { create: seconds, update: seconds, delete: 1 },
    outputs: [],
    ...others,
    inputs: { bucket: text({ required: true, replaces: true }), ...parts.inputs },
    id: ({ inputs }) =>
      [needText(inputs, 'bucket'), textOf(inputs.expectedBucketOwner)].filter((part) => part !== undefined).join(','),
    compute,
    references: ({ bucket }) => ({ bucket: bucketReference(bucket) }),
    claims: (context) => onePerBucket(kind, context),
    notFound: (id) => noBucket(id),
  };
}

function onePerBucket(kind: string, { inputs }: ClaimContext): Claim[] {
  const bucket = String(inputs.bucket);
  return [{ value: claimOf(GLOBAL, `${kind}-of-bucket`, bucket), taken: () => noBucket(bucket), overwrites: true }];
}

const OWNER = text({ replaces: true, check: pattern(/^\d{12}$/, 'expected an account id of 12 digits') });

export const BUCKET_OWNERSHIP_CONTROLS = bucketSetting('BucketOwnershipControls', {
  inputs: {
    rule: object({
      required: true,
      check: ({ objectOwnership }) =>
        oneOf('BucketOwnerPreferred', 'ObjectWriter', 'BucketOwnerEnforced')(String(objectOwnership)),
    }),
  },
});

export const BUCKET_PUBLIC_ACCESS_BLOCK = bucketSetting('BucketPublicAccessBlock', {
  inputs: {
    blockPublicAcls: flag({ default: false }),
    blockPublicPolicy: flag({ default: false }),
    ignorePublicAcls: flag({ default: false }),
    restrictPublicBuckets: flag({ default: false }),
    skipDestroy: flag(),
  },
  isRetained: ({ skipDestroy }) => skipDestroy === true,
});

export const BUCKET_ENCRYPTION = bucketSetting('BucketServerSideEncryptionConfiguration', {
  inputs: { expectedBucketOwner: OWNER, rules: setOf({ required: true, check: encryptionProblem }) },
});

export const BUCKET_VERSIONING = bucketSetting('BucketVersioning', {
  seconds: 2,
  inputs: {
    expectedBucketOwner: OWNER,
    mfa: text(),
    versioningConfiguration: object({
      required: true,
      check: ({ status }) => oneOf('Enabled', 'Suspended', 'Disabled')(String(status)),
    }),
  },
  guard: async ({ inputs, refs, cloud, self }) => {
    const old = self === undefined ? undefined : (await settingsOf(refs.bucket, BUCKET_VERSIONING.type, cloud))[0];
    const status = (versioning: unknown): unknown => (versioning as Properties | undefined)?.status;
    const was = status(old?.inputs.versioningConfiguration);
    if (status(inputs.versioningConfiguration) === 'Disabled' && was !== undefined && was !== 'Disabled') {
      throw new CloudError(
        'InvalidBucketState',
        "versioning_configuration.status cannot be updated from 'Enabled' or 'Suspended' to 'Disabled'",
      );
    }
  },
});

/** The provider waits until every part of S3 knows the rules. */
export const BUCKET_LIFECYCLE = bucketSetting('BucketLifecycleConfiguration', {
  seconds: 30,
  inputs: {
    expectedBucketOwner: { ...OWNER, computed: true },
    rules: list(),
    timeouts: object(),
    transitionDefaultMinimumObjectSize: text({
      computed: true,
      check: oneOf('all_storage_classes_128K', 'varies_by_storage_class'),
    }),
  },
  compute: ({ inputs }) => ({
    expectedBucketOwner: inputs.expectedBucketOwner ?? '',
    transitionDefaultMinimumObjectSize: inputs.transitionDefaultMinimumObjectSize ?? 'all_storage_classes_128K',
  }),
  guard: ({ inputs }) => {
    const problem = lifecycleProblem((inputs.rules ?? []) as Properties[]);
    if (problem) throw problem;
  },
});

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

export const BUCKET_CORS = bucketSetting('BucketCorsConfiguration', {
  inputs: {
    corsRules: setOf({
      required: true,
      check: (rules) => {
        if (rules.length > 100) return 'expected at most 100 rules';
        const methods = (rules as Properties[]).flatMap(({ allowedMethods }) => textsOf(allowedMethods));
        const unknown = methods.find((method) => !METHODS.includes(method));
        return unknown === undefined
          ? undefined
          : `Found unsupported HTTP method in CORS config. Unsupported method is ${unknown}`;
      },
    }),
    expectedBucketOwner: OWNER,
  },
});

export const BUCKET_NOTIFICATION = bucketSetting('BucketNotification', {
  inputs: { eventbridge: flag({ default: false }), lambdaFunctions: list(), queues: list(), topics: list() },
});

export const BUCKET_POLICY = bucketSetting('BucketPolicy', {
  inputs: { policy: json({ required: true }) },
  guard: async ({ inputs, refs, cloud, account }) => {
    const policy = needText(inputs, 'policy');
    const arn = refs.bucket?.arn ?? '';
    const malformed = (message: string): CloudError => new CloudError('MalformedPolicy', message);
    if (Buffer.byteLength(policy) > LONGEST_POLICY) {
      throw new CloudError('PolicyTooLarge', `Policy has more than ${LONGEST_POLICY} bytes`);
    }
    const statements = statementsOf(policy);
    if (statements.length === 0) throw malformed('Missing required field Statement');
    for (const statement of statements) {
      if (!('Principal' in statement || 'NotPrincipal' in statement))
        throw malformed('Missing required field Principal');
      if (!('Action' in statement || 'NotAction' in statement)) throw malformed('Missing required field Action');
      const resources = [statement.Resource ?? statement.NotResource ?? []].flat().map(String);
      if (resources.length === 0) throw malformed('Missing required field Resource');
      if (resources.some((one) => one !== arn && !one.startsWith(`${arn}/`) && one !== '*')) {
        throw malformed('Policy has invalid resource');
      }
    }
    const blocks = await settingsOf(refs.bucket, BUCKET_PUBLIC_ACCESS_BLOCK.type, cloud);
    if (blocks.some((block) => block.properties.blockPublicPolicy === true) && statements.some(isPublic)) {
      throw new CloudError(
        'AccessDenied',
        `User: arn:aws:iam::${account}:root is not authorized to perform: s3:PutBucketPolicy on resource: "${arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      );
    }
  },
});

/** Everybody, without a condition that narrows it down. */
function isPublic({ Effect, Principal, Condition }: Properties): boolean {
  const principals =
    typeof Principal === 'string' ? [Principal] : [(Principal as Properties | undefined)?.AWS ?? []].flat();
  return Effect === 'Allow' && Condition === undefined && principals.includes('*');
}

function encryptionProblem(rules: unknown[]): string | undefined {
  for (const rule of rules as Properties[]) {
    const byDefault = rule.applyServerSideEncryptionByDefault as Properties | undefined;
    if (!byDefault) continue;
    const { sseAlgorithm, kmsMasterKeyId } = byDefault;
    const problem = oneOf('AES256', 'aws:kms', 'aws:kms:dsse')(String(sseAlgorithm));
    if (problem) return problem;
    if (sseAlgorithm === 'AES256' && textOf(kmsMasterKeyId)) return 'a KMS key cannot be used with AES256';
  }
  return undefined;
}

async function settingsOf(bucket: CloudResource | undefined, type: string, cloud: CloudView): Promise<CloudResource[]> {
  return bucket ? cloud.find({ type, ref: claimOf(GLOBAL, 's3-bucket', bucket.id) }) : [];
}

function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}

/** A bucket by name or ARN, whatever its region. */
function bucketReference(bucket: unknown): Reference | undefined {
  const name = textOf(bucket)?.replace(/^arn:aws:s3:::/, '');
  return name === undefined
    ? undefined
    : { claim: claimOf(GLOBAL, 's3-bucket', name), onDelete: 'cascade', missing: noBucket(name) };
}

function noBucket(name: string): CloudError {
  return new CloudError('NoSuchBucket', `The specified bucket does not exist: ${name}`);
}

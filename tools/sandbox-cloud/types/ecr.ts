import { flag, json, list, object, oneOf, parseJson, pattern, text } from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { isKnownRegion } from '../regions.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';
import { keyReference } from './kms.js';

const REPOSITORY_TYPE = 'aws:ecr/repository:Repository';
/** Source: "Amazon ECR service quotas" of the ECR user guide, defaults. */
const REPOSITORIES_PER_REGION = 100_000;
const RULES_PER_LIFECYCLE = 50;
const REPLICATION_RULES = 10;
const REPLICATION_DESTINATIONS = 25;

const REPOSITORY_NAME = pattern(
  /^(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
  'expected 2 to 256 of a-z 0-9 . _ - /, no sign at an end or beside another',
);

export const REPOSITORY: ResourceSpec = {
  type: REPOSITORY_TYPE,
  kind: 'ecr-repository',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 256 },
  inputs: {
    encryptionConfigurations: list({ computed: true, replaces: true, check: encryptionProblem }),
    forceDelete: flag(),
    imageScanningConfiguration: object(),
    imageTagMutability: text({
      default: 'MUTABLE',
      check: oneOf('MUTABLE', 'IMMUTABLE', 'IMMUTABLE_WITH_EXCLUSION', 'MUTABLE_WITH_EXCLUSION'),
    }),
    imageTagMutabilityExclusionFilters: list(),
    name: text({ computed: true, replaces: true, check: REPOSITORY_NAME }),
  },
  outputs: ['arn', 'registryId', 'repositoryUrl'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => `arn:aws:ecr:${region}:${account}:repository/${id}`,
  compute: ({ inputs, account, region, id }) => ({
    encryptionConfigurations: inputs.encryptionConfigurations ?? [{ encryptionType: 'AES256', kmsKey: '' }],
    registryId: account,
    repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${id}`,
  }),
  references: ({ encryptionConfigurations }, place) => ({
    key: keyReference(
      (encryptionConfigurations as Properties[] | undefined)?.[0]?.kmsKey,
      place,
      'ignore',
      new CloudError('KmsException', 'The provided KMS key does not exist or is not accessible.'),
    ),
  }),
  claims: ({ inputs, account, region }) => [
    {
      value: claimOf(region, 'ecr-repository', String(inputs.name)),
      taken: () =>
        new CloudError(
          'RepositoryAlreadyExistsException',
          `The repository with name '${String(inputs.name)}' already exists in the registry with id '${account}'`,
        ),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: REPOSITORIES_PER_REGION,
      query: { type: REPOSITORY_TYPE, region },
      error: new CloudError(
        'LimitExceededException',
        `The maximum number of repositories per registry, ${REPOSITORIES_PER_REGION}, has been reached.`,
      ),
    },
  ],
  isForced: ({ forceDelete }) => forceDelete === true,
  contents: {
    property: 'images',
    notEmpty: ({ id, account }) =>
      new CloudError(
        'RepositoryNotEmptyException',
        `The repository with name '${id}' in registry with id '${account}' cannot be deleted because it still contains images`,
      ),
  },
  notFound: noRepository,
};

/** One per repository; putting another takes its place. */
export const LIFECYCLE_POLICY: ResourceSpec = {
  type: 'aws:ecr/lifecyclePolicy:LifecyclePolicy',
  kind: 'ecr-lifecycle-policy',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: { policy: json({ required: true }), repository: text({ required: true, replaces: true }) },
  outputs: ['registryId'],
  id: ({ inputs }) => needText(inputs, 'repository'),
  compute: ({ account }) => ({ registryId: account }),
  references: ({ repository }, place) => ({ repository: repositoryReference(repository, place, 'cascade') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'ecr-lifecycle-of-repository', String(inputs.repository)),
      taken: () => noRepository(String(inputs.repository)),
      overwrites: true,
    },
  ],
  guard: ({ inputs }) => {
    const problem = lifecycleProblem(needText(inputs, 'policy'));
    if (problem) {
      throw new CloudError(
        'InvalidParameterException',
        `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${problem}'`,
      );
    }
  },
  notFound: (id) =>
    new CloudError('LifecyclePolicyNotFoundException', `Lifecycle policy does not exist for the repository '${id}'`),
};

/** The setting of the whole registry: there is always one, so creating takes over and deleting goes back to the default. */
export const SCANNING_CONFIGURATION: ResourceSpec = {
  type: 'aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration',
  kind: 'ecr-scanning-configuration',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: {
    rules: list({ set: true }),
    scanType: text({ required: true, check: oneOf('BASIC', 'ENHANCED') }),
  },
  outputs: ['registryId'],
  validate: scanningFailures,
  id: ({ account }) => account,
  compute: ({ account }) => ({ registryId: account }),
  claims: ({ account, region }) => [singleton(region, 'ecr-scanning', account)],
  notFound: noRegistry,
};

export const REPLICATION_CONFIGURATION: ResourceSpec = {
  type: 'aws:ecr/replicationConfiguration:ReplicationConfiguration',
  kind: 'ecr-replication-configuration',
  seconds: { create: 1, update: 1, delete: 1 },
  inputs: { replicationConfiguration: object() },
  outputs: ['registryId'],
  id: ({ account }) => account,
  compute: ({ account }) => ({ registryId: account }),
  claims: ({ account, region }) => [singleton(region, 'ecr-replication', account)],
  guard: ({ inputs, account, region }) => {
    const problem = replicationProblem(inputs.replicationConfiguration as Properties | undefined, { account, region });
    if (problem) throw new CloudError('InvalidParameterException', problem);
  },
  notFound: noRegistry,
};

/** A repository by name. */
export function repositoryReference(
  name: unknown,
  place: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const value = textOf(name);
  return value === undefined
    ? undefined
    : {
        claim: claimOf(place.region, 'ecr-repository', value),
        onDelete,
        missing: new CloudError(
          'RepositoryNotFoundException',
          `The repository with name '${value}' does not exist in the registry with id '${place.account}'`,
        ),
      };
}

function singleton(region: string, kind: string, account: string) {
  return { value: claimOf(region, kind, account), taken: () => noRegistry(account), overwrites: true };
}

function encryptionProblem(configurations: unknown[]): string | undefined {
  const types = configurations.map((one) => (one as Properties).encryptionType ?? 'AES256');
  if (types.length > 1) return 'at most one encryption configuration';
  return types.every((type) => ['AES256', 'KMS', 'KMS_DSSE'].includes(String(type)))
    ? undefined
    : `expected encryptionType AES256, KMS or KMS_DSSE, got ${String(types[0])}`;
}

interface LifecycleRule {
  readonly rulePriority?: unknown;
  readonly selection?: Properties;
  readonly action?: Properties;
}

/** Source: "Lifecycle policy parameters" of the ECR user guide. */
function lifecycleProblem(policy: string): string | undefined {
  const rules = (parseJson(policy) as { rules?: LifecycleRule[] } | undefined)?.rules;
  if (!Array.isArray(rules) || rules.length === 0) return 'object has missing required properties (["rules"])';
  if (rules.length > RULES_PER_LIFECYCLE) return `array is too long: must have at most ${RULES_PER_LIFECYCLE} elements`;
  const priorities = rules.map(({ rulePriority }) => rulePriority);
  if (!priorities.every((priority) => Number.isInteger(priority) && Number(priority) >= 1)) {
    return 'rulePriority must be a positive integer';
  }
  if (new Set(priorities).size < rules.length) return 'rulePriority must be unique across all rules';
  for (const { selection = {}, action } of rules) {
    if (action?.type !== 'expire' && action?.type !== 'transition') return 'action type must be expire or transition';
    if (!['tagged', 'untagged', 'any'].includes(String(selection.tagStatus))) {
      return 'tagStatus must be one of tagged, untagged, any';
    }
    const lists = [selection.tagPrefixList, selection.tagPatternList].filter(Array.isArray);
    if (selection.tagStatus === 'tagged' && lists.length !== 1) {
      return 'exactly one of tagPrefixList and tagPatternList is required with tagStatus tagged';
    }
    if (!(typeof selection.countNumber === 'number' && selection.countNumber >= 1)) {
      return 'countNumber must be greater than 0';
    }
    if ((selection.countType === 'imageCountMoreThan') === (selection.countUnit !== undefined)) {
      return 'countUnit is required with sinceImagePushed, and only with it';
    }
  }
  return rules.filter(({ selection }) => selection?.tagStatus === 'untagged').length > 1
    ? 'only one rule may select untagged images'
    : undefined;
}

function scanningFailures({ scanType, rules }: Properties): CheckFailure[] {
  const allowed = scanType === 'ENHANCED' ? ['SCAN_ON_PUSH', 'CONTINUOUS_SCAN'] : ['SCAN_ON_PUSH', 'MANUAL'];
  const wrong = ((rules ?? []) as Properties[]).find(({ scanFrequency }) => !allowed.includes(String(scanFrequency)));
  return wrong
    ? [
        {
          property: 'rules',
          reason: `scanFrequency ${String(wrong.scanFrequency)} is not available with scanType ${String(scanType)}`,
        },
      ]
    : [];
}

function replicationProblem(configuration: Properties | undefined, { account, region }: Place): string | undefined {
  const rules = (configuration?.rules ?? []) as { destinations?: Properties[] }[];
  if (rules.length > REPLICATION_RULES) return `Invalid replication configuration: at most ${REPLICATION_RULES} rules.`;
  const targets = rules.flatMap(({ destinations = [] }) =>
    destinations.map((one) => ({ region: String(one.region), registryId: String(one.registryId) })),
  );
  if (new Set(targets.map((one) => `${one.registryId}/${one.region}`)).size > REPLICATION_DESTINATIONS) {
    return `Invalid replication configuration: at most ${REPLICATION_DESTINATIONS} destinations.`;
  }
  const unknown = targets.find((one) => !isKnownRegion(one.region));
  if (unknown) return `Invalid replication destination region: ${unknown.region}`;
  return targets.some((one) => one.region === region && one.registryId === account)
    ? 'Invalid replication configuration: the source registry cannot be a destination.'
    : undefined;
}

function noRepository(name: string): CloudError {
  return new CloudError('RepositoryNotFoundException', `The repository with name '${name}' does not exist`);
}

function noRegistry(id: string): CloudError {
  return new CloudError('RegistryNotFoundException', `The registry with id '${id}' has no such configuration`);
}

import { hex, uuid } from '../identities.js';
import { flag, pattern, setOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, type Place, type Reference, needText, type ResourceSpec, textOf } from '../resource-spec.js';
import { roleReference } from './iam.js';
import { keyReference } from './kms.js';

/** Source of quotas: "AWS Backup quotas" of the AWS Backup developer guide, defaults. */
const VAULTS_PER_REGION = 100;
const PLANS_PER_REGION = 100;
const SELECTIONS_PER_PLAN = 100;
/** Days that a backup stays cold at least. */
const COLD_DAYS = 90;

const backupArn =
  (resource: string) =>
  ({ region, account, id }: Place & { id: string }): string =>
    `arn:aws:backup:${region}:${account}:${resource}:${id}`;

const invalid = (message: string): CloudError => new CloudError('InvalidParameterValueException', message);

export const BACKUP_VAULT: ResourceSpec = {
  type: 'aws:backup/vault:Vault',
  kind: 'backup-vault',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 50 },
  inputs: {
    forceDestroy: flag({ default: false }),
    kmsKeyArn: text({ computed: true, replaces: true }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9_-]{2,50}$/, 'must consist of letters, numbers, and hyphens, 2 to 50 of them'),
    }),
  },
  outputs: ['arn', 'recoveryPoints'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: backupArn('backup-vault'),
  compute: ({ inputs, region, account }) => ({
    kmsKeyArn: inputs.kmsKeyArn ?? `arn:aws:kms:${region}:${account}:alias/aws/backup`,
    recoveryPoints: 0,
  }),
  references: ({ kmsKeyArn }, place) => ({
    key: keyReference(kmsKeyArn, place, 'ignore', invalid(`The KMS key ${String(kmsKeyArn)} does not exist`)),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'backup-vault', String(inputs.name)),
      taken: () =>
        new CloudError(
          'AlreadyExistsException',
          `Backup vault with the same name already exists: ${String(inputs.name)}`,
        ),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: VAULTS_PER_REGION,
      query: { type: 'aws:backup/vault:Vault', region },
      error: new CloudError('LimitExceededException', 'The limit of backup vaults has been reached'),
    },
  ],
  isForced: ({ forceDestroy }) => forceDestroy === true,
  contents: {
    property: 'recoveryPointArns',
    notEmpty: () =>
      new CloudError('InvalidRequestException', 'Backup vault cannot be deleted because it contains recovery points.'),
  },
  notFound: noVault,
};

export const BACKUP_PLAN: ResourceSpec = {
  type: 'aws:backup/plan:Plan',
  kind: 'backup-plan',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 50 },
  inputs: {
    advancedBackupSettings: setOf(),
    name: text({ computed: true, replaces: true }),
    rules: setOf({ required: true }),
    scanSettings: setOf(),
  },
  outputs: ['arn', 'version'],
  id: ({ seed }) => uuid(seed),
  arn: backupArn('backup-plan'),
  compute: ({ inputs, seed }) => ({
    version: Buffer.from(hex(`${seed}|${JSON.stringify(inputs.rules)}`, 36)).toString('base64'),
  }),
  references: ({ rules }, { region }) =>
    Object.fromEntries(
      rulesOf(rules).map(({ targetVaultName }, i): [string, Reference | undefined] => {
        const vault = textOf(targetVaultName);
        return [
          `vault${i}`,
          vault === undefined
            ? undefined
            : { claim: claimOf(region, 'backup-vault', vault), onDelete: 'ignore', missing: noVault(vault) },
        ];
      }),
    ),
  quotas: (_inputs, { region }) => [
    {
      limit: PLANS_PER_REGION,
      query: { type: 'aws:backup/plan:Plan', region },
      error: new CloudError('LimitExceededException', 'The limit of backup plans has been reached'),
    },
  ],
  guard: ({ inputs }) => {
    for (const { ruleName, schedule, lifecycle } of rulesOf(inputs.rules)) {
      if (schedule !== undefined && !/^cron\(\S+( \S+){5}\)$/.test(String(schedule))) {
        throw invalid(`Invalid schedule expression in rule ${String(ruleName)}: ${String(schedule)}`);
      }
      const { coldStorageAfter, deleteAfter } = (lifecycle ?? {}) as Properties;
      const isCold = typeof coldStorageAfter === 'number' && coldStorageAfter > 0;
      if (isCold && typeof deleteAfter === 'number' && deleteAfter < coldStorageAfter + COLD_DAYS) {
        throw invalid(`DeleteAfterDays cannot be less than ${COLD_DAYS} days apart from MoveToColdStorageAfterDays`);
      }
    }
  },
  notFound: noPlan,
  inUse: () =>
    new CloudError(
      'InvalidRequestException',
      'Related backup plan selections must be deleted prior to backup plan deletion',
    ),
};

/** What a plan takes. It cannot be changed, only made anew. */
export const BACKUP_SELECTION: ResourceSpec = {
  type: 'aws:backup/selection:Selection',
  kind: 'backup-selection',
  seconds: { create: 2, delete: 1 },
  autoName: { maxLength: 50 },
  inputs: {
    conditions: setOf({ computed: true, replaces: true }),
    iamRoleArn: text({
      required: true,
      replaces: true,
      check: pattern(/^arn:aws:iam::\d{12}:role\/.+$/, 'expected the ARN of a role'),
    }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[A-Za-z0-9_.-]{1,50}$/, 'must contain 1 to 50 alphanumeric, hyphen, underscores, and periods'),
    }),
    notResources: setOf({ computed: true, replaces: true }),
    planId: text({ required: true, replaces: true }),
    resources: setOf({ replaces: true }),
    selectionTags: setOf({ replaces: true }),
  },
  outputs: [],
  id: ({ seed }) => uuid(seed),
  compute: ({ inputs }) => ({ conditions: inputs.conditions ?? [], notResources: inputs.notResources ?? [] }),
  references: ({ planId, iamRoleArn }, { region }) => {
    const plan = textOf(planId);
    return {
      plan:
        plan === undefined
          ? undefined
          : { claim: claimOf(region, 'backup-plan', plan), onDelete: 'refuse', missing: noPlan(plan) },
      role: roleReference(
        iamRoleArn,
        'ignore',
        invalid(`IAM Role ${String(iamRoleArn)} is not authorized to call tag:GetResources`),
      ),
    };
  },
  quotas: ({ planId }, { region }) => [
    {
      limit: SELECTIONS_PER_PLAN,
      query: { type: 'aws:backup/selection:Selection', ref: claimOf(region, 'backup-plan', String(planId)) },
      error: new CloudError('LimitExceededException', 'The limit of backup selections per plan has been reached'),
    },
  ],
  guard: ({ inputs }) => {
    const { resources, selectionTags, conditions, notResources } = inputs;
    const isEmpty = [resources, selectionTags, conditions, notResources].every(
      (list) => !Array.isArray(list) || list.length === 0,
    );
    if (isEmpty) throw invalid('A backup selection must name resources, tags or conditions');
  },
  notFound: (id) => new CloudError('ResourceNotFoundException', `Cannot find Backup selection with ID ${id}`),
};

function rulesOf(rules: unknown): Properties[] {
  return Array.isArray(rules) ? (rules as Properties[]) : [];
}

function noVault(name: string): CloudError {
  return new CloudError('ResourceNotFoundException', `Backup vault ${name} does not exist`);
}

function noPlan(id: string): CloudError {
  return new CloudError('ResourceNotFoundException', `Cannot find Backup plan with ID ${id}`);
}

import { upperAlphanumeric } from '../identities.js';
import {
  changedInputs,
  flag,
  type InputSpec,
  length,
  list,
  number,
  object,
  oneOf,
  pattern,
  setOf,
  text,
} from '../inputs.js';
import { type CheckFailure, CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf, textsOf } from '../resource-spec.js';
import { ec2Arn, ec2Id, ec2Reference } from './ec2.js';
import { PATH, roleReference } from './iam.js';

/** Source of quotas: "Amazon EC2 service quotas" and "IAM and AWS STS quotas", defaults. */
const TEMPLATES_PER_REGION = 5000;
const PROFILES_PER_ACCOUNT = 1000;

/** Bytes of user data before it is encoded. */
const USER_DATA_LIMIT = 16_384;

const IMAGE = pattern(/^(ami-[0-9a-f]{8,17}|resolve:ssm:.+)$/, 'expected the id of an image');

export const LAUNCH_TEMPLATE: ResourceSpec = {
  type: 'aws:ec2/launchTemplate:LaunchTemplate',
  kind: 'lt',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 125 },
  inputs: {
    blockDeviceMappings: list({ check: devices }),
    capacityReservationSpecification: object(),
    cpuOptions: object(),
    creditSpecification: object(),
    defaultVersion: number({ computed: true }),
    description: text({ check: length(0, 255) }),
    disableApiStop: flag(),
    disableApiTermination: flag(),
    ebsOptimized: text(),
    enclaveOptions: object(),
    hibernationOptions: object(),
    iamInstanceProfile: object(),
    imageId: text({ check: IMAGE }),
    instanceInitiatedShutdownBehavior: text({ check: oneOf('stop', 'terminate') }),
    instanceMarketOptions: object(),
    instanceRequirements: object(),
    instanceType: text({ check: pattern(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'expected an instance type') }),
    kernelId: text(),
    keyName: text(),
    licenseSpecifications: setOf(),
    maintenanceOptions: object(),
    metadataOptions: object({ computed: true, check: metadata }),
    monitoring: object(),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[\w().\-/]{3,128}$/, 'expected 3 to 128 letters, digits and ( ) . - / _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    networkInterfaces: list(),
    networkPerformanceOptions: object(),
    placement: object(),
    privateDnsNameOptions: object(),
    ramDiskId: text(),
    secondaryInterfaces: list(),
    securityGroupNames: setOf(),
    tagSpecifications: list(),
    updateDefaultVersion: flag(),
    userData: text({ check: userData }),
    vpcSecurityGroupIds: setOf(),
  },
  outputs: ['arn', 'latestVersion'],
  validate: templateConflicts,
  id: ec2Id('lt'),
  arn: ec2Arn('launch-template'),
  changesOnUpdate: ['defaultVersion', 'latestVersion'],
  compute: ({ inputs, previous }) => {
    const isNewVersion = !previous || changedInputs(versioned(), previous, inputs).length > 0;
    const latestVersion = Number(previous?.latestVersion ?? 0) + (isNewVersion ? 1 : 0);
    const kept = previous?.defaultVersion ?? 1;
    return {
      defaultVersion: inputs.defaultVersion ?? (inputs.updateDefaultVersion === true ? latestVersion : kept),
      latestVersion,
      metadataOptions: inputs.metadataOptions ?? {},
      namePrefix: inputs.namePrefix ?? '',
    };
  },
  references: ({ vpcSecurityGroupIds, iamInstanceProfile }, { region }) => ({
    // A template only names what it will need: nothing of it is held, and AWS looks for it when an instance starts.
    profile: profileReference(iamInstanceProfile, 'ignore'),
    ...Object.fromEntries(
      textsOf(vpcSecurityGroupIds).map((id, i) => [`group[${i}]`, ec2Reference('sg', region, id, 'ignore')]),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'lt-name', String(inputs.name)),
      taken: () =>
        new CloudError('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.'),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: TEMPLATES_PER_REGION,
      query: { type: 'aws:ec2/launchTemplate:LaunchTemplate', region },
      error: new CloudError('LaunchTemplateLimitExceeded', 'The maximum number of launch templates has been reached.'),
    },
  ],
  notFound: noTemplate,
};

export const INSTANCE_PROFILE: ResourceSpec = {
  type: 'aws:iam/instanceProfile:InstanceProfile',
  kind: 'iam-instance-profile',
  global: true,
  taggable: true,
  seconds: { create: 7, update: 1, delete: 1 },
  autoName: { maxLength: 128 },
  inputs: {
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[\w+=,.@-]{1,128}$/, 'expected 1 to 128 of the characters A-Z a-z 0-9 + = , . @ - _'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    path: text({ default: '/', replaces: true, check: PATH }),
    role: text(),
  },
  outputs: ['arn', 'createDate', 'uniqueId'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ account, inputs, id }) => `arn:aws:iam::${account}:instance-profile${String(inputs.path)}${id}`,
  compute: ({ inputs, seed, createdAt }) => ({
    createDate: createdAt.toISOString().replace(/\.\d{3}Z$/, 'Z'),
    namePrefix: inputs.namePrefix ?? '',
    uniqueId: `AIPA${upperAlphanumeric(seed, 17)}`,
  }),
  references: ({ role }) => ({ role: roleReference(role, 'refuse') }),
  claims: ({ inputs }) => [
    {
      value: claimOf('global', 'iam-instance-profile', String(inputs.name)),
      taken: () => new CloudError('EntityAlreadyExists', `Instance Profile ${String(inputs.name)} already exists.`),
    },
  ],
  quotas: () => [
    {
      limit: PROFILES_PER_ACCOUNT,
      query: { type: 'aws:iam/instanceProfile:InstanceProfile' },
      error: new CloudError(
        'LimitExceeded',
        `Cannot exceed quota for InstanceProfilesPerAccount: ${PROFILES_PER_ACCOUNT}`,
      ),
    },
  ],
  notFound: (name) => new CloudError('NoSuchEntity', `Instance Profile ${name} cannot be found.`),
};

/** The template that a group starts from, by id or name. */
export function launchTemplateReference(
  specification: unknown,
  { region }: Place,
  onDelete: Reference['onDelete'],
): Reference | undefined {
  const { id, name } = (specification ?? {}) as Properties;
  const byId = textOf(id);
  if (byId) return { claim: claimOf(region, 'lt', byId), onDelete, missing: noTemplate(byId) };
  const byName = textOf(name);
  return byName === undefined
    ? undefined
    : { claim: claimOf(region, 'lt-name', byName), onDelete, missing: noTemplate(byName) };
}

function profileReference(specification: unknown, onDelete: Reference['onDelete']): Reference | undefined {
  const { arn, name } = (specification ?? {}) as Properties;
  const value = textOf(name) ?? textOf(arn)?.split('/').pop();
  return value === undefined
    ? undefined
    : {
        claim: claimOf('global', 'iam-instance-profile', value),
        onDelete,
        missing: new CloudError(
          'InvalidIamInstanceProfileArn.NotFound',
          `Value (${value}) for parameter iamInstanceProfile is invalid. Invalid IAM Instance Profile name`,
        ),
      };
}

/** Arguments that are part of a version; name, tags and the choice of the default belong to the template. */
function versioned(): Record<string, InputSpec> {
  const ofTemplate = ['name', 'namePrefix', 'defaultVersion', 'updateDefaultVersion'];
  return Object.fromEntries(Object.entries(LAUNCH_TEMPLATE.inputs).filter(([key]) => !ofTemplate.includes(key)));
}

function noTemplate(id: string): CloudError {
  return new CloudError(
    'InvalidLaunchTemplateId.NotFound',
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

function templateConflicts(inputs: Properties): CheckFailure[] {
  const clash = (one: string, other: string): CheckFailure[] =>
    inputs[one] !== undefined && inputs[other] !== undefined
      ? [{ property: one, reason: `"${one}": conflicts with ${other}` }]
      : [];
  return [
    ...clash('defaultVersion', 'updateDefaultVersion'),
    ...clash('instanceRequirements', 'instanceType'),
    ...clash('securityGroupNames', 'vpcSecurityGroupIds'),
  ];
}

function metadata({ httpTokens, httpPutResponseHopLimit: hops }: Properties): string | undefined {
  if (typeof httpTokens === 'string' && !['optional', 'required'].includes(httpTokens)) {
    return `expected httpTokens to be optional or required, got ${httpTokens}`;
  }
  return typeof hops === 'number' && (hops < 1 || hops > 64)
    ? `expected httpPutResponseHopLimit to be in the range (1 - 64), got ${hops}`
    : undefined;
}

function devices(mappings: unknown[]): string | undefined {
  for (const mapping of mappings as Properties[]) {
    const { encrypted, kmsKeyId, volumeSize } = (mapping.ebs ?? {}) as Properties;
    if (kmsKeyId !== undefined && String(encrypted) !== 'true') return 'ebs.kmsKeyId needs ebs.encrypted';
    if (typeof volumeSize === 'number' && (volumeSize < 1 || volumeSize > 65_536)) {
      return `expected ebs.volumeSize to be in the range (1 - 65536), got ${volumeSize}`;
    }
  }
  return undefined;
}

function userData(encoded: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return 'expected base64';
  const { length: bytes } = Buffer.from(encoded, 'base64');
  return bytes > USER_DATA_LIMIT ? `user data is limited to ${USER_DATA_LIMIT} bytes, got ${bytes}` : undefined;
}

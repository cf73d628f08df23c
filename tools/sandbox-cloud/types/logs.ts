import { flag, number, oneOf, pattern, text } from '../inputs.js';
import { CloudError } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';
import { keyReference } from './kms.js';

/** 0 = never expires. Source: PutRetentionPolicy of the CloudWatch Logs API. */
const RETENTIONS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const LOG_GROUP: ResourceSpec = {
  type: 'aws:cloudwatch/logGroup:LogGroup',
  kind: 'log-group',
  taggable: true,
  seconds: { create: 1, update: 1, delete: 1 },
  autoName: { maxLength: 512 },
  inputs: {
    deletionProtectionEnabled: flag({ computed: true }),
    kmsKeyId: text(),
    logGroupClass: text({
      computed: true,
      replaces: true,
      check: oneOf('STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'),
    }),
    name: text({
      computed: true,
      replaces: true,
      check: pattern(/^[.\-_/#A-Za-z0-9]{1,512}$/, 'expected 1 to 512 of the characters A-Z a-z 0-9 . - _ / #'),
    }),
    namePrefix: text({ computed: true, replaces: true }),
    retentionInDays: number({ default: 0, check: oneOf(...RETENTIONS) }),
    skipDestroy: flag({ default: false }),
  },
  outputs: ['arn'],
  id: ({ inputs }) => needText(inputs, 'name'),
  arn: ({ region, account, id }) => logGroupArn({ region, account }, id),
  compute: ({ inputs }) => ({
    deletionProtectionEnabled: inputs.deletionProtectionEnabled ?? false,
    kmsKeyId: inputs.kmsKeyId ?? '',
    logGroupClass: inputs.logGroupClass ?? 'STANDARD',
    namePrefix: inputs.namePrefix ?? '',
  }),
  references: ({ kmsKeyId }, place) => ({
    key: keyReference(
      kmsKeyId,
      place,
      'ignore',
      new CloudError(
        'InvalidParameterException',
        `The specified KMS key does not exist or is not allowed to be used with Arn '${String(kmsKeyId)}'`,
      ),
    ),
  }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'log-group', String(inputs.name)),
      taken: () => new CloudError('ResourceAlreadyExistsException', 'The specified log group already exists'),
    },
  ],
  isRetained: ({ skipDestroy }) => skipDestroy === true,
  notFound: () => new CloudError('ResourceNotFoundException', 'The specified log group does not exist.'),
};

function logGroupArn({ region, account }: Place, name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

/** Reference by the group's ARN, with or without the `:*` that some services append. */
export function logGroupReference(arn: unknown, place: Place, onDelete: Reference['onDelete']): Reference | undefined {
  const value = textOf(arn)?.replace(/:\*$/, '');
  if (value === undefined) return undefined;
  const prefix = logGroupArn(place, '');
  return {
    claim: claimOf(place.region, 'log-group', value.startsWith(prefix) ? value.slice(prefix.length) : value),
    onDelete,
    missing: new CloudError('ResourceNotFoundException', 'The specified log group does not exist.'),
  };
}

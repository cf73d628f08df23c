import { hex, upperAlphanumeric } from '../identities.js';
import { flag, length, object, oneOf, text } from '../inputs.js';
import { CloudError, type Properties } from '../provider.port.js';
import { claimOf, needText, type Place, type Reference, type ResourceSpec, textOf } from '../resource-spec.js';
import { ec2Reference } from './ec2.js';

const NAMESPACE_TYPE = 'aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace';

/** Source: "Cloud Map quotas" of the Cloud Map developer guide, default. */
const NAMESPACES_PER_REGION = 50;

const cloudMapArn = ({ region, account }: Place, resource: string): string =>
  `arn:aws:servicediscovery:${region}:${account}:${resource}`;

export const PRIVATE_DNS_NAMESPACE: ResourceSpec = {
  type: NAMESPACE_TYPE,
  kind: 'namespace',
  taggable: true,
  seconds: { create: 42, update: 5, delete: 41 },
  autoName: { maxLength: 253 },
  inputs: {
    description: text(),
    name: text({ computed: true, replaces: true, check: length(1, 253) }),
    vpc: text({ required: true, replaces: true }),
  },
  outputs: ['arn', 'hostedZone'],
  id: ({ seed }) => `ns-${hex(seed, 16)}`,
  arn: (context) => cloudMapArn(context, `namespace/${context.id}`),
  compute: ({ seed }) => ({ hostedZone: `Z${upperAlphanumeric(`${seed}|zone`, 20)}` }),
  references: ({ vpc }, { region }) => ({ vpc: ec2Reference('vpc', region, vpc, 'ignore') }),
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'namespace-name', `${String(inputs.vpc)}|${String(inputs.name)}`),
      taken: () =>
        new CloudError(
          'ConflictingDomainExists',
          `The VPC ${String(inputs.vpc)} has already been associated with another namespace with the domain name ${String(inputs.name)}`,
        ),
    },
  ],
  quotas: (_inputs, { region }) => [
    {
      limit: NAMESPACES_PER_REGION,
      query: { type: NAMESPACE_TYPE, region },
      error: new CloudError('ResourceLimitExceeded', 'The maximum number of namespaces has been reached'),
    },
  ],
  notFound: noNamespace,
  inUse: () =>
    new CloudError(
      'ResourceInUse',
      'Namespace has associated services; delete the services before deleting the namespace',
    ),
};

export const DISCOVERY_SERVICE: ResourceSpec = {
  type: 'aws:servicediscovery/service:Service',
  kind: 'discovery-service',
  taggable: true,
  seconds: { create: 1, update: 5, delete: 1 },
  autoName: { maxLength: 127 },
  inputs: {
    description: text(),
    dnsConfig: object(),
    forceDestroy: flag({ default: false }),
    healthCheckConfig: object(),
    healthCheckCustomConfig: object({ replaces: true }),
    name: text({ computed: true, replaces: true, check: length(1, 127) }),
    namespaceId: text({ computed: true, replaces: true }),
    type: text({ computed: true, replaces: true, check: oneOf('HTTP') }),
  },
  outputs: ['arn'],
  validate: (inputs) =>
    inputs.dnsConfig === undefined && inputs.namespaceId === undefined
      ? [{ property: 'namespaceId', reason: 'one of namespaceId, dnsConfig.namespaceId must be specified' }]
      : [],
  replacesToo: ({ dnsConfig: before }, { dnsConfig: after }) => {
    const [old, now] = [before, after].map((config) => (config ?? {}) as Properties);
    const stays = ['namespaceId', 'routingPolicy'].every((key) => old?.[key] === now?.[key]);
    return stays ? [] : ['dnsConfig'];
  },
  id: ({ seed }) => `srv-${hex(seed, 16)}`,
  arn: (context) => cloudMapArn(context, `service/${context.id}`),
  compute: ({ inputs }) => ({
    namespaceId: namespaceOf(inputs) ?? '',
    type: inputs.type ?? (inputs.dnsConfig === undefined ? 'HTTP' : 'DNS_HTTP'),
  }),
  references: (inputs, { region }) => {
    const id = namespaceOf(inputs);
    return {
      namespace:
        id === undefined
          ? undefined
          : { claim: claimOf(region, 'namespace', id), onDelete: 'refuse', missing: noNamespace(id) },
    };
  },
  claims: ({ inputs, region }) => [
    {
      value: claimOf(region, 'discovery-name', `${namespaceOf(inputs)}|${needText(inputs, 'name')}`),
      taken: () => new CloudError('ServiceAlreadyExists', 'Service already exists.'),
    },
  ],
  isForced: ({ forceDestroy }) => forceDestroy === true,
  notFound: (id) => new CloudError('ServiceNotFound', `Service not found: ${id}`),
  inUse: () =>
    new CloudError(
      'ResourceInUse',
      'Service contains registered instances; delete the instances before deleting the service',
    ),
};

/** A discovery service by ARN. */
export function discoveryReference(arn: unknown, place: Place, onDelete: Reference['onDelete']): Reference | undefined {
  const value = textOf(arn);
  return value === undefined
    ? undefined
    : {
        claim: claimOf(place.region, 'discovery-service', value.split('/').pop() ?? ''),
        onDelete,
        missing: new CloudError('InvalidParameterException', `The service registry ${value} does not exist.`),
      };
}

function namespaceOf({ namespaceId, dnsConfig }: Properties): string | undefined {
  return textOf((dnsConfig as Properties | undefined)?.namespaceId) ?? textOf(namespaceId);
}

function noNamespace(id: string): CloudError {
  return new CloudError('NamespaceNotFound', `Namespace not found: ${id}`);
}

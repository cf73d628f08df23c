import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AwsImage {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly architecture: string;
  readonly state?: string;
  /** ISO 8601. */
  readonly created: string;
}

/** What an account has. Regions are alike, except those that are not enabled. */
export interface AwsWorld {
  readonly account: string;
  readonly accessKeyId: string;
  /** The account has not enabled them: they take no credentials. */
  readonly closedRegions?: readonly string[];
  readonly images?: readonly AwsImage[];
  readonly zones?: readonly { readonly name: string; readonly state?: string; readonly type?: string }[];
  readonly parameters?: Readonly<Record<string, { readonly type: string; readonly value: string }>>;
  /** null = bytes. */
  readonly secrets?: Readonly<Record<string, string | null>>;
  readonly hostedZones?: readonly { readonly id: string; readonly name: string; readonly isPrivate?: boolean }[];
  readonly certificates?: readonly AwsCertificate[];
  readonly vpcs?: readonly AwsTagged[];
  readonly subnets?: readonly AwsTagged[];
}
export interface AwsCertificate {
  readonly arn: string;
  readonly domain: string;
  readonly status?: string;
  readonly keyType?: string;
  /** Seconds since 1970. */
  readonly notAfter?: number;
}
export interface AwsTagged {
  readonly id: string;
  readonly isDefault?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

/** How the next answers to an action go wrong. */
export interface AwsFault {
  /** `DescribeImages`, `GetParameter`, … */
  readonly action: string;
  /** How often; default always. */
  times?: number;
  /** Default 400. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  /** Never answers. */
  readonly hang?: boolean;
}

type Protocol = 'ec2' | 'query' | 'json' | 'rest-xml' | 's3';
interface Asked {
  readonly protocol: Protocol;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}
type Xml = string | number | boolean | readonly Xml[] | { readonly [name: string]: Xml };

const VERSIONS: Readonly<Record<string, Protocol>> = {
  '2016-11-15': 'ec2',
  '2011-06-15': 'query', // STS
  '2014-10-31': 'query', // RDS
  '2010-05-08': 'query', // IAM
};
/** Entries of a page where AWS cuts lists. */
const PAGE = 2;

/**
 * Stands in for AWS on the loopback: the wire protocols of nine services (ec2, query, json 1.1, rest-xml, S3) over one account.
 * Filters, pages and refusals are AWS's own; a request without a signature by the account's key is refused as AWS does it.
 */
export class AwsEndpoint {
  /** `<region> <action>` in the order of arrival. */
  readonly asked: string[] = [];
  faults: AwsFault[] = [];

  private constructor(
    private readonly server: Server,
    public world: AwsWorld,
  ) {}

  static async start(world: AwsWorld): Promise<AwsEndpoint> {
    const server = createServer((request, response) => void endpoint.serve(request, response));
    const endpoint = new AwsEndpoint(server, world);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = read(request, Buffer.concat(chunks).toString());
    const [, key = '', region = ''] =
      /Credential=([^/]+)\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    this.asked.push(`${region} ${asked.action}`);
    const fault = this.faults.find((each) => each.action === asked.action && (each.times ?? 1) > 0);
    if (fault?.times !== undefined) fault.times -= 1;
    if (fault?.hang) return;
    if (fault) return refuse(response, asked.protocol, fault.status ?? 400, fault.code ?? 'Error', fault.message);
    if (key !== this.world.accessKeyId || this.world.closedRegions?.includes(region)) {
      const [status, code] = UNKNOWN_KEY[asked.protocol];
      return refuse(response, asked.protocol, status, code, 'The security token included in the request is invalid');
    }
    const answer = this.answer(asked, region);
    if ('code' in answer) return refuse(response, asked.protocol, 400, answer.code, answer.message);
    send(response, 200, asked.protocol, body(asked, answer.value));
  }

  private answer({ action, input }: Asked, region: string): Answered {
    const world = this.world;
    switch (action) {
      case 'GetCallerIdentity':
        return ok({ Account: world.account, UserId: 'AIDA', Arn: `arn:aws:iam::${world.account}:user/deploy` });
      case 'DescribeImages': {
        const owners = members(input, 'Owner');
        const images = (world.images ?? []).filter(
          (image) =>
            owners.includes(image.owner) &&
            passes(input, { name: image.name, architecture: image.architecture, state: image.state ?? 'available' }),
        );
        const [page, next] = cut(images, input);
        const items = page.map(({ id, name, created }) => ({ imageId: id, name, creationDate: created }));
        return ok({ imagesSet: { item: items }, ...(next ? { nextToken: next } : {}) });
      }
      case 'DescribeAvailabilityZones': {
        const zones = (world.zones ?? []).filter(({ state = 'available', type = 'availability-zone' }) =>
          passes(input, { state, 'zone-type': type }),
        );
        return ok({
          availabilityZoneInfo: { item: zones.map(({ name }) => ({ zoneName: name, regionName: region })) },
        });
      }
      case 'DescribeVpcs':
        return ok({ vpcSet: { item: tagged(world.vpcs, input).map(({ id }) => ({ vpcId: id })) } });
      case 'DescribeSubnets':
        return ok({ subnetSet: { item: tagged(world.subnets, input).map(({ id }) => ({ subnetId: id })) } });
      case 'DescribeInstances':
        return ok({ reservationSet: {} });
      case 'DescribeDBInstances':
        return ok({ DBInstances: {} });
      case 'ListRoles':
        return ok({ Roles: {}, IsTruncated: false });
      case 'ListBuckets':
        return ok({ Buckets: {} });
      case 'GetParameter': {
        const found = world.parameters?.[String(input['Name'])];
        if (!found) return { code: 'ParameterNotFound', message: '' };
        const isOpen = found.type !== 'SecureString' || input['WithDecryption'] === true;
        const value = isOpen ? found.value : 'AQICAHg=';
        return ok({ Parameter: { Name: String(input['Name']), Type: found.type, Value: value } });
      }
      case 'GetSecretValue': {
        const found = world.secrets?.[String(input['SecretId'])];
        if (found === undefined) {
          return { code: 'ResourceNotFoundException', message: "Secrets Manager can't find the specified secret." };
        }
        const name = String(input['SecretId']);
        return ok(found === null ? { Name: name, SecretBinary: 'AAEC' } : { Name: name, SecretString: found });
      }
      case 'ListCertificates': {
        const { keyTypes = ['RSA_1024', 'RSA_2048'] } = (input['Includes'] ?? {}) as { keyTypes?: string[] };
        const statuses = (input['CertificateStatuses'] ?? []) as string[];
        const found = (world.certificates ?? []).filter(
          ({ status = 'ISSUED', keyType = 'RSA_2048' }) => statuses.includes(status) && keyTypes.includes(keyType),
        );
        const start = Number(input['NextToken'] ?? 0);
        const list = found.slice(start, start + PAGE).map(({ arn, domain, notAfter = 0 }) => ({
          CertificateArn: arn,
          DomainName: domain,
          NotAfter: notAfter,
        }));
        const isMore = found.length > start + PAGE;
        return ok({ CertificateSummaryList: list, ...(isMore ? { NextToken: String(start + PAGE) } : {}) });
      }
      case 'ListHostedZonesByName': {
        const zones = [...(world.hostedZones ?? [])].sort((a, b) => order(a).localeCompare(order(b)));
        const from = `${String(input['dnsname'])} ${String(input['hostedzoneid'] ?? '')}`;
        const left = zones.filter((zone) => order(zone) >= from.trimEnd());
        const next = left[PAGE];
        return ok({
          HostedZones: {
            HostedZone: left.slice(0, PAGE).map(({ id, name, isPrivate = false }) => ({
              Id: `/hostedzone/${id}`,
              Name: name,
              CallerReference: id,
              Config: { PrivateZone: isPrivate },
            })),
          },
          IsTruncated: next !== undefined,
          ...(next ? { NextDNSName: next.name, NextHostedZoneId: next.id } : {}),
          MaxItems: PAGE,
        });
      }
      default:
        return { code: 'InvalidAction', message: `The action ${action} is not valid for this endpoint.` };
    }
  }
}

type Answered = { readonly value: Readonly<Record<string, Xml>> } | { readonly code: string; readonly message: string };

function ok(value: Readonly<Record<string, Xml>>): Answered {
  return { value };
}

/** What each protocol's services say to a key they do not know. */
const UNKNOWN_KEY: Readonly<Record<Protocol, readonly [status: number, code: string]>> = {
  ec2: [401, 'AuthFailure'],
  query: [403, 'InvalidClientTokenId'],
  json: [400, 'UnrecognizedClientException'],
  'rest-xml': [403, 'InvalidClientTokenId'],
  s3: [403, 'InvalidAccessKeyId'],
};

function read(request: IncomingMessage, text: string): Asked {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const action = target.slice(target.lastIndexOf('.') + 1);
    return { protocol: 'json', action, input: JSON.parse(text) as Record<string, unknown> };
  }
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST') {
    const input = Object.fromEntries(new URLSearchParams(text));
    return { protocol: VERSIONS[input['Version'] ?? ''] ?? 'query', action: input['Action'] ?? '', input };
  }
  const input = Object.fromEntries(url.searchParams);
  if (url.pathname.endsWith('/hostedzonesbyname'))
    return { protocol: 'rest-xml', action: 'ListHostedZonesByName', input };
  return { protocol: 's3', action: 'ListBuckets', input };
}

/** `Owner.1`, `Owner.2`, … */
function members(input: Asked['input'], name: string): string[] {
  const list: string[] = [];
  for (let index = 1; input[`${name}.${index}`] !== undefined; index++) list.push(String(input[`${name}.${index}`]));
  return list;
}

/** EC2 filters: every one must match, by one of its values, `*` for anything. */
function passes(input: Asked['input'], facts: Readonly<Record<string, string | undefined>>): boolean {
  for (let index = 1; input[`Filter.${index}.Name`] !== undefined; index++) {
    const fact = facts[String(input[`Filter.${index}.Name`])];
    const patterns = members(input, `Filter.${index}.Value`);
    if (fact === undefined || !patterns.some((pattern) => matches(pattern, fact))) return false;
  }
  return true;
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}

function tagged(resources: readonly AwsTagged[] = [], input: Asked['input']): AwsTagged[] {
  return resources.filter(({ isDefault = false, tags = {} }) => {
    const facts = Object.entries(tags).map(([key, value]) => [`tag:${key}`, value]);
    return passes(input, { 'is-default': String(isDefault), ...(Object.fromEntries(facts) as Record<string, string>) });
  });
}

function cut<T>(list: readonly T[], input: Asked['input']): readonly [readonly T[], string | undefined] {
  if (input['MaxResults'] === undefined) return [list, undefined];
  const start = Number(input['NextToken'] ?? 0);
  return [list.slice(start, start + PAGE), list.length > start + PAGE ? String(start + PAGE) : undefined];
}

function order({ name, id }: { readonly name: string; readonly id: string }): string {
  return `${name} ${id}`;
}

function body({ protocol, action }: Asked, value: Readonly<Record<string, Xml>>): string {
  switch (protocol) {
    case 'json':
      return JSON.stringify(value);
    case 'ec2':
      return xml({ [`${action}Response`]: { ...value, requestId: 'r-1' } });
    case 'query':
      return xml({ [`${action}Response`]: { [`${action}Result`]: value, ResponseMetadata: { RequestId: 'r-1' } } });
    case 'rest-xml':
      return xml({ [`${action}Response`]: value });
    case 's3':
      return xml({ ListAllMyBucketsResult: value });
  }
}

function refuse(response: ServerResponse, protocol: Protocol, status: number, code: string, message = code): void {
  const error = { Code: code, Message: message };
  const bodies: Readonly<Record<Protocol, () => string>> = {
    ec2: () => xml({ Response: { Errors: { Error: error }, RequestID: 'r-1' } }),
    query: () => xml({ ErrorResponse: { Error: { Type: 'Sender', ...error }, RequestId: 'r-1' } }),
    json: () => JSON.stringify({ __type: code, message }),
    'rest-xml': () => xml({ ErrorResponse: { Error: { Type: 'Sender', ...error }, RequestId: 'r-1' } }),
    s3: () => xml({ Error: { ...error, RequestId: 'r-1' } }),
  };
  send(response, status, protocol, bodies[protocol]());
}

function send(response: ServerResponse, status: number, protocol: Protocol, text: string): void {
  const type = protocol === 'json' ? 'application/x-amz-json-1.1' : 'text/xml';
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'r-1' }).end(text);
}

/** A list repeats its element. */
function xml(value: Readonly<Record<string, Xml>>): string {
  return Object.entries(value)
    .flatMap(([name, inner]) =>
      (Array.isArray(inner) ? inner : [inner]).map((each: Xml) => `<${name}>${text(each)}</${name}>`),
    )
    .join('');
}

function text(value: Xml): string {
  if (typeof value === 'object') return xml(value as Readonly<Record<string, Xml>>);
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

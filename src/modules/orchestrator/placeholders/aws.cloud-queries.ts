import { CertificateStatus, KeyAlgorithm, paginateListCertificates } from '@aws-sdk/client-acm';
import {
  DescribeAvailabilityZonesCommand,
  paginateDescribeImages,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
  type Filter,
  type Image,
} from '@aws-sdk/client-ec2';
import { ListHostedZonesByNameCommand, type HostedZone } from '@aws-sdk/client-route-53';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { OnApplicationShutdown } from '@nestjs/common';
import { CloudQueries, type QueryAnswer, type QueryPlace, type TaggedKind } from '../cloud-queries.port.js';
import type { AccountAccess } from '../platform-access.js';
import { accountAccess } from './aws.account-access.js';
import { callerAccount } from './aws.caller.js';
import { AwsClients, type AwsSettings } from './aws.clients.js';
import { codeOf } from './aws.failures.js';
import { imageSource } from './images.js';
import { LookUpFailed, missing, UnresolvablePlaceholder } from './placeholder.errors.js';

const NO_PARAMETER: ReadonlySet<string> = new Set(['ParameterNotFound', 'ParameterVersionNotFound']);
/** InvalidRequestException: the secret waits for its deletion. */
const NO_SECRET: ReadonlySet<string> = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

/**
 * Look-ups in an AWS account with the credentials of the server (deployments.md 5.2, 5.3). Questions about an account are asked
 * only when the credentials belong to it: another account's answer would be a wrong one.
 */
export class AwsCloudQueries extends CloudQueries implements OnApplicationShutdown {
  readonly #clients: AwsClients;

  constructor(settings: AwsSettings = {}) {
    super();
    this.#clients = new AwsClients(settings);
  }

  async latestImage(place: QueryPlace, os: string, architecture: string): Promise<QueryAnswer<string>> {
    const { owner, pattern } = imageSource(os, architecture);
    const images = await this.#ask(`the latest image of ${os}`, place, async (signal) => {
      const filters = [filter('name', pattern), filter('architecture', architecture), filter('state', 'available')];
      const pages = paginateDescribeImages(
        { client: this.#clients.ec2(place), pageSize: 500 },
        { Owners: [owner], Filters: filters },
        { abortSignal: signal },
      );
      return listed(pages, ({ Images: page }) => page);
    });
    const [newest] = images.sort(byCreation);
    if (newest?.ImageId) return open(newest.ImageId);
    const details = { os, architecture, region: place.region };
    throw new UnresolvablePlaceholder('PH-010', `No image for ${os} on ${architecture} in ${place.region}`, {
      details,
    });
  }

  async availabilityZones(place: QueryPlace): Promise<QueryAnswer<readonly string[]>> {
    const Filters = [filter('state', 'available'), filter('zone-type', 'availability-zone')];
    const { AvailabilityZones: zones = [] } = await this.#ask('the availability zones', place, (abortSignal) =>
      this.#clients.ec2(place).send(new DescribeAvailabilityZonesCommand({ Filters }), { abortSignal }),
    );
    return open(zones.flatMap(({ ZoneName: name }) => (name ? [name] : [])).sort());
  }

  async parameter(place: QueryPlace, path: string): Promise<QueryAnswer<string | readonly string[]>> {
    const command = new GetParameterCommand({ Name: path, WithDecryption: true });
    const { Parameter: found } = await this.#ask(`the parameter "${path}"`, place, (abortSignal) =>
      orMissing(this.#clients.ssm(place).send(command, { abortSignal }), NO_PARAMETER, 'parameter', path),
    );
    if (found?.Value === undefined) throw missing('parameter', path);
    if (found.Type === 'StringList') return open(found.Value.split(','));
    return { value: found.Value, secret: found.Type === 'SecureString' };
  }

  async secret(place: QueryPlace, id: string): Promise<QueryAnswer<string>> {
    const command = new GetSecretValueCommand({ SecretId: id });
    const { SecretString: value } = await this.#ask(`the secret "${id}"`, place, (abortSignal) =>
      orMissing(this.#clients.secrets(place).send(command, { abortSignal }), NO_SECRET, 'secret', id),
    );
    if (value !== undefined) return { value, secret: true };
    const details = { secret: id };
    throw new UnresolvablePlaceholder('PH-012', `The secret "${id}" is binary; only a text can be read`, { details });
  }

  async hostedZone(place: QueryPlace, domain: string): Promise<QueryAnswer<string>> {
    const name = `${domain.toLowerCase().replace(/\.$/, '')}.`;
    const zones = await this.#ask(`the hosted zone "${domain}"`, place, (signal) => this.#zones(place, name, signal));
    const publicOnes = zones.filter(({ Config: config }) => !config?.PrivateZone);
    const ids = (publicOnes.length > 0 ? publicOnes : zones).flatMap(({ Id: id }) => (id ? [bareZoneId(id)] : []));
    const [first, ...more] = ids;
    if (first === undefined) throw missing('hostedZone', domain);
    if (more.length === 0) return open(first);
    const details = { hostedZone: domain, candidates: ids };
    throw new UnresolvablePlaceholder('PH-012', `There are ${ids.length} hosted zones "${domain}": ${ids.join(', ')}`, {
      details,
    });
  }

  async certificate(place: QueryPlace, domain: string): Promise<QueryAnswer<string>> {
    const certificates = await this.#ask(`the certificate "${domain}"`, place, async (signal) => {
      const pages = paginateListCertificates(
        { client: this.#clients.acm(place), pageSize: 500 },
        // without key types ACM keeps those with elliptic curves to itself
        { CertificateStatuses: [CertificateStatus.ISSUED], Includes: { keyTypes: Object.values(KeyAlgorithm) } },
        { abortSignal: signal },
      );
      return listed(pages, ({ CertificateSummaryList: page }) => page);
    });
    const [best] = certificates
      .filter(({ DomainName: name }) => name?.toLowerCase() === domain.toLowerCase())
      .sort((a, b) => (b.NotAfter?.getTime() ?? 0) - (a.NotAfter?.getTime() ?? 0));
    if (best?.CertificateArn === undefined) throw missing('certificate', domain);
    return open(best.CertificateArn);
  }

  async defaultVpc(place: QueryPlace): Promise<QueryAnswer<string>> {
    const [id] = await this.#vpcs('the default VPC', place, [filter('is-default', 'true')]);
    if (id === undefined) throw missing('vpc', 'default');
    return open(id);
  }

  async tagged(place: QueryPlace, kind: TaggedKind, key: string, value: string): Promise<QueryAnswer<string>> {
    const filters = [filter(`tag:${key}`, value)];
    const question = `the ${kind} with ${key}=${value}`;
    const ids = await (kind === 'vpc' ? this.#vpcs(question, place, filters) : this.#subnets(question, place, filters));
    const [first] = ids.sort();
    if (first === undefined) throw missing(kind, `${key}=${value}`);
    return open(first);
  }

  async accountId(place: QueryPlace): Promise<QueryAnswer<string>> {
    return open(await callerAccount(this.#clients, place));
  }

  override access(place: QueryPlace, profile?: string): Promise<AccountAccess> {
    return accountAccess(this.#clients, { region: place.region, ...(profile === undefined ? {} : { profile }) });
  }

  onApplicationShutdown(): void {
    this.#clients.close();
  }

  async #ask<T>(question: string, place: QueryPlace, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const account = await callerAccount(this.#clients, place);
    if (account === place.account) return this.#clients.ask(question, place, call);
    throw new LookUpFailed(
      'credentials',
      `The credentials belong to account ${account}, so ${question} of account ${place.account} cannot be asked`,
      { details: { expected: place.account, actual: account } },
    );
  }

  #vpcs(question: string, place: QueryPlace, filters: Filter[]): Promise<string[]> {
    return this.#ask(question, place, async (abortSignal) => {
      const pages = paginateDescribeVpcs({ client: this.#clients.ec2(place) }, { Filters: filters }, { abortSignal });
      const vpcs = await listed(pages, ({ Vpcs: page }) => page);
      return vpcs.flatMap(({ VpcId: id }) => (id ? [id] : []));
    });
  }

  #subnets(question: string, place: QueryPlace, filters: Filter[]): Promise<string[]> {
    return this.#ask(question, place, async (abortSignal) => {
      const pages = paginateDescribeSubnets(
        { client: this.#clients.ec2(place) },
        { Filters: filters },
        { abortSignal },
      );
      const subnets = await listed(pages, ({ Subnets: page }) => page);
      return subnets.flatMap(({ SubnetId: id }) => (id ? [id] : []));
    });
  }

  /** The list begins at the name and goes on with those after it. */
  async #zones(place: QueryPlace, name: string, abortSignal: AbortSignal): Promise<HostedZone[]> {
    const zones: HostedZone[] = [];
    let start: { DNSName: string; HostedZoneId?: string } | null = { DNSName: name };
    while (start) {
      const command: ListHostedZonesByNameCommand = new ListHostedZonesByNameCommand(start);
      const page = await this.#clients.route53(place).send(command, { abortSignal });
      zones.push(...(page.HostedZones ?? []).filter((zone) => zone.Name?.toLowerCase() === name));
      const isMore = page.IsTruncated === true && page.NextDNSName?.toLowerCase() === name;
      start = isMore
        ? { DNSName: name, ...(page.NextHostedZoneId ? { HostedZoneId: page.NextHostedZoneId } : {}) }
        : null;
    }
    return zones;
  }
}

function open<T>(value: T): QueryAnswer<T> {
  return { value, secret: false };
}

function filter(name: string, value: string): Filter {
  return { Name: name, Values: [value] };
}

async function listed<P, T>(pages: AsyncIterable<P>, items: (page: P) => readonly T[] | undefined): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

async function orMissing<T>(answer: Promise<T>, codes: ReadonlySet<string>, what: string, id: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw codes.has(codeOf(error)) ? missing(what, id) : error;
  }
}

/** Newest first; dates are ISO 8601 in UTC. */
function byCreation(a: Image, b: Image): number {
  return (b.CreationDate ?? '').localeCompare(a.CreationDate ?? '');
}

/** `/hostedzone/Z123` → `Z123`. */
function bareZoneId(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

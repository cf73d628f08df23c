import { createHash } from 'node:crypto';
import { CloudQueries, type QueryAnswer, type QueryPlace } from '../cloud-queries.port.js';
import { UnresolvablePlaceholder } from './placeholder.errors.js';

/** What `PUT /sandbox/parameters` has set for an organization. */
export interface StaticParameters {
  /** Path → value; a list is a StringList. */
  readonly ssm: Readonly<Record<string, string | readonly string[]>>;
  /** Id → text. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ParameterSource {
  parameters(organization: string): Promise<StaticParameters>;
}

const IMAGES = ['amazonLinux2', 'amazonLinux2023', 'ubuntu2204'];
const ARCHITECTURES = ['x86_64', 'arm64'];

/** Look-ups without an account (deployments.md 7.5, "static AWS"): always the same answers, in AWS's own shapes. */
export class StaticCloudQueries extends CloudQueries {
  constructor(private readonly source: ParameterSource) {
    super();
  }

  async latestImage(place: QueryPlace, os: string, architecture: string): Promise<QueryAnswer<string>> {
    if (!IMAGES.includes(os) || !ARCHITECTURES.includes(architecture)) {
      throw new UnresolvablePlaceholder(
        'PH-010',
        `No image for ${os} on ${architecture}; known are ${IMAGES.join(', ')} on ${ARCHITECTURES.join(' and ')}`,
      );
    }
    return open(`ami-${digits(`RUNTIME:aws:latestAmiId:${os}:${architecture}:${place.region}`, 17)}`);
  }

  async availabilityZones(place: QueryPlace): Promise<QueryAnswer<readonly string[]>> {
    return open(['a', 'b', 'c'].map((zone) => `${place.region}${zone}`));
  }

  async parameter(place: QueryPlace, path: string): Promise<QueryAnswer<string | readonly string[]>> {
    const value = (await this.source.parameters(place.organization)).ssm[path];
    if (value === undefined) throw missing('parameter', path);
    return open(value);
  }

  async secret(place: QueryPlace, id: string): Promise<QueryAnswer<string>> {
    const value = (await this.source.parameters(place.organization)).secrets[id];
    if (value === undefined) throw missing('secret', id);
    return { value, secret: true };
  }

  async hostedZone(place: QueryPlace, domain: string): Promise<QueryAnswer<string>> {
    return open(`Z${digits(`${place.account}:hostedZone:${domain}`, 20).toUpperCase()}`);
  }

  async certificate(place: QueryPlace, domain: string): Promise<QueryAnswer<string>> {
    const hex = digits(`${place.account}:${place.region}:certificate:${domain}`, 32);
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return open(`arn:aws:acm:${place.region}:${place.account}:certificate/${id}`);
  }

  async defaultVpc(place: QueryPlace): Promise<QueryAnswer<string>> {
    return open(`vpc-${digits(`${place.account}:${place.region}:vpc:default`, 17)}`);
  }

  async accountId(place: QueryPlace): Promise<QueryAnswer<string>> {
    return open(place.account);
  }
}

function open<T>(value: T): QueryAnswer<T> {
  return { value, secret: false };
}

function digits(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

function missing(what: string, id: string): UnresolvablePlaceholder {
  return new UnresolvablePlaceholder('PH-012', `The ${what} "${id}" does not exist`, { details: { [what]: id } });
}

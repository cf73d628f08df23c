import { createHash } from 'node:crypto';
import { CloudQueries, type QueryAnswer, type QueryPlace, type TaggedKind } from '../cloud-queries.port.js';
import { imageSource } from './images.js';
import { missing } from './placeholder.errors.js';

/** What `PUT /sandbox/parameters` has set for an organization. */
export interface StaticParameters {
  /** Path → value; a list is a StringList. */
  readonly ssm: Readonly<Record<string, string | readonly string[]>>;
  /** Id → text. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What the answers are taken from: the sandbox cloud. */
export interface StaticSource {
  parameters(organization: string): Promise<StaticParameters>;
  /** Oldest first. */
  inventory(
    scope: { readonly organization: string; readonly account: string },
    query: { readonly region: string; readonly type: string },
    page: { readonly skip: number; readonly limit: number },
  ): Promise<{ readonly resources: readonly StaticResource[] }>;
}

interface StaticResource {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const TAGGED_TYPES: Readonly<Record<TaggedKind, string>> = {
  vpc: 'aws:ec2/vpc:Vpc',
  subnet: 'aws:ec2/subnet:Subnet',
};
/** More than the quotas of a region allow. */
const ALL = 1000;

/** Look-ups without an account (deployments.md 7.5, "static AWS"): always the same answers, in AWS's own shapes. */
export class StaticCloudQueries extends CloudQueries {
  constructor(private readonly source: StaticSource) {
    super();
  }

  async latestImage(place: QueryPlace, os: string, architecture: string): Promise<QueryAnswer<string>> {
    imageSource(os, architecture);
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

  async tagged(place: QueryPlace, kind: TaggedKind, key: string, value: string): Promise<QueryAnswer<string>> {
    const query = { region: place.region, type: TAGGED_TYPES[kind] };
    const { resources } = await this.source.inventory(place, query, { skip: 0, limit: ALL });
    const ids = resources.filter(({ properties }) => tagsOf(properties)[key] === value).map(({ id }) => id);
    const [first] = ids.sort();
    if (first === undefined) throw missing(kind, `${key}=${value}`);
    return open(first);
  }

  async accountId(place: QueryPlace): Promise<QueryAnswer<string>> {
    return open(place.account);
  }
}

function open<T>(value: T): QueryAnswer<T> {
  return { value, secret: false };
}

function tagsOf({ tagsAll, tags }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...(tags as object | undefined), ...(tagsAll as object | undefined) };
}

function digits(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

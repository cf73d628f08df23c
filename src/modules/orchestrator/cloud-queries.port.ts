import type { AccountAccess } from './platform-access.js';

/** Where a question is asked. */
export interface QueryPlace {
  readonly organization: string;
  readonly account: string;
  readonly region: string;
}

export interface QueryAnswer<T> {
  readonly value: T;
  readonly secret: boolean;
}

/**
 * Look-ups in the cloud for placeholders (deployments.md 5.2). Adapters: static (sandbox), later AWS SDK v3.
 * Everything missing is thrown as Refused `UNRESOLVABLE_PLACEHOLDER` with details.ruleId PH-010…PH-012.
 */
export abstract class CloudQueries {
  /** Newest image id of an operating system, e.g. `amazonLinux2023`, and architecture `x86_64` or `arm64`. */
  abstract latestImage(place: QueryPlace, os: string, architecture: string): Promise<QueryAnswer<string>>;
  /** Zone names, sorted. */
  abstract availabilityZones(place: QueryPlace): Promise<QueryAnswer<readonly string[]>>;
  abstract parameter(place: QueryPlace, path: string): Promise<QueryAnswer<string | readonly string[]>>;
  abstract secret(place: QueryPlace, id: string): Promise<QueryAnswer<string>>;
  abstract hostedZone(place: QueryPlace, domain: string): Promise<QueryAnswer<string>>;
  abstract certificate(place: QueryPlace, domain: string): Promise<QueryAnswer<string>>;
  abstract defaultVpc(place: QueryPlace): Promise<QueryAnswer<string>>;
  abstract accountId(place: QueryPlace): Promise<QueryAnswer<string>>;
  /**
   * What the server may do there. null = no account is behind it (sandbox).
   * @param _profile named credentials of the host; default the server's own
   */
  access(_place: QueryPlace, _profile?: string): Promise<AccountAccess | null> {
    return Promise.resolve(null);
  }
}

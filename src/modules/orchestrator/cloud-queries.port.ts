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

/** What is found by a tag (deployments.md 5.8). */
export type TaggedKind = 'vpc' | 'subnet';

/**
 * Look-ups in the cloud for placeholders (deployments.md 5.2). Adapters: static (sandbox), AWS SDK v3. They keep no answers: one
 * operation asks each question once (5.7, PlaceholderResolver), and the next one wants to know anew.
 * @throws UnresolvablePlaceholder with details.ruleId PH-010…PH-012 for what is missing
 * @throws LookUpFailed when the cloud does not answer, refuses to, or is another account's
 */
export abstract class CloudQueries {
  /** Newest image id of an operating system, e.g. `amazonLinux2023`, and architecture `x86_64` or `arm64`. */
  abstract latestImage(place: QueryPlace, os: string, architecture: string): Promise<QueryAnswer<string>>;
  /** Zone names, sorted. */
  abstract availabilityZones(place: QueryPlace): Promise<QueryAnswer<readonly string[]>>;
  /** StringList = list; SecureString = secret. */
  abstract parameter(place: QueryPlace, path: string): Promise<QueryAnswer<string | readonly string[]>>;
  abstract secret(place: QueryPlace, id: string): Promise<QueryAnswer<string>>;
  /** Public zones before private ones; several that are equal are refused. */
  abstract hostedZone(place: QueryPlace, domain: string): Promise<QueryAnswer<string>>;
  /** ARN of an issued one for exactly this name; of several the one that is valid longest. */
  abstract certificate(place: QueryPlace, domain: string): Promise<QueryAnswer<string>>;
  abstract defaultVpc(place: QueryPlace): Promise<QueryAnswer<string>>;
  /** Of several with that tag the first by id. */
  abstract tagged(place: QueryPlace, kind: TaggedKind, key: string, value: string): Promise<QueryAnswer<string>>;
  /** Of the caller; the place's account is not looked at. */
  abstract accountId(place: QueryPlace): Promise<QueryAnswer<string>>;
  /**
   * What the server may do there. null = no account is behind it (sandbox).
   * @param _profile named credentials of the host; default the server's own
   */
  access(_place: QueryPlace, _profile?: string): Promise<AccountAccess | null> {
    return Promise.resolve(null);
  }
}

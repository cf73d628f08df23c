import { ACMClient } from '@aws-sdk/client-acm';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { IAMClient } from '@aws-sdk/client-iam';
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { lookUpFailed } from './aws.failures.js';

export interface AwsSettings {
  /** Address that stands in for all services. Default: AWS's own, or AWS_ENDPOINT_URL. */
  readonly endpoint?: string;
  /** Default: the SDK's chain: environment, profile, sign-on, role of the machine. */
  readonly credentials?: EC2ClientConfig['credentials'];
  /** Tries of a request that was throttled or met a temporary error, the first one included. Default 4. */
  readonly attempts?: number;
  /** Limit of one try, in ms. Default 5,000. */
  readonly tryMs?: number;
  /** Limit of a question with all its tries and pages, in ms. Default 30,000. */
  readonly questionMs?: number;
}

/** Whose eyes look where. */
export interface AwsPlace {
  readonly region: string;
  /** Named credentials of the host instead of the server's own. */
  readonly profile?: string;
}

interface ClientSettings {
  readonly region: string;
  readonly maxAttempts: number;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    /** Otherwise the SDK only warns, and waits on. */
    readonly throwOnRequestTimeout: true;
  };
  readonly profile?: string;
  readonly endpoint?: string;
  readonly credentials?: EC2ClientConfig['credentials'];
  /** Of buckets only: a double has no host name for each. */
  readonly forcePathStyle?: boolean;
}
interface Client {
  destroy(): void;
}

/** One client per service, region and profile, made when it is first asked; they share nothing but settings. */
export class AwsClients {
  readonly #made = new Map<string, Client>();

  constructor(private readonly settings: AwsSettings = {}) {}

  acm = (place: AwsPlace): ACMClient => this.client('acm', ACMClient, place);
  ec2 = (place: AwsPlace): EC2Client => this.client('ec2', EC2Client, place);
  iam = (place: AwsPlace): IAMClient => this.client('iam', IAMClient, place);
  rds = (place: AwsPlace): RDSClient => this.client('rds', RDSClient, place);
  route53 = (place: AwsPlace): Route53Client => this.client('route53', Route53Client, place);
  s3 = (place: AwsPlace): S3Client => this.client('s3', S3Client, place);
  secrets = (place: AwsPlace): SecretsManagerClient => this.client('secrets', SecretsManagerClient, place);
  ssm = (place: AwsPlace): SSMClient => this.client('ssm', SSMClient, place);
  sts = (place: AwsPlace): STSClient => this.client('sts', STSClient, place);

  /**
   * Asks within the time limit.
   * @param question what it is about, for the message: `the parameter "/a"`
   * @throws LookUpFailed
   */
  async ask<T>(question: string, place: AwsPlace, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await call(AbortSignal.timeout(this.settings.questionMs ?? 30_000));
    } catch (error) {
      throw lookUpFailed(error, question, place.region);
    }
  }

  close(): void {
    for (const client of this.#made.values()) client.destroy();
    this.#made.clear();
  }

  private client<T extends Client>(service: string, kind: new (settings: ClientSettings) => T, place: AwsPlace): T {
    const key = `${service}|${place.region}|${place.profile ?? ''}`;
    const known = this.#made.get(key);
    if (known) return known as T;
    const { endpoint, credentials, attempts = 4, tryMs = 5_000 } = this.settings;
    const made = new kind({
      region: place.region,
      maxAttempts: attempts,
      requestHandler: { connectionTimeout: tryMs, requestTimeout: tryMs, throwOnRequestTimeout: true },
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(place.profile === undefined ? {} : { profile: place.profile }),
    });
    this.#made.set(key, made);
    return made;
  }
}

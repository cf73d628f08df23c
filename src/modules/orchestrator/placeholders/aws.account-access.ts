import { DescribeAvailabilityZonesCommand, DescribeInstancesCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { ListRolesCommand } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AccountAccess, ServicePermission } from '../platform-access.js';
import type { AwsClients, AwsPlace } from './aws.clients.js';
import { codeOf, failureOf, reasonOf } from './aws.failures.js';

/**
 * What the server's credentials, or those of a profile, are worth in a region (deployments.md 8.5, AWS-001 to 004):
 * 1. Credentials are looked for on this host.
 * 2. They are shown to the region. Where it does not take them, to the region that every account of the partition has: a region
 *    that is not enabled says the same as wrong credentials.
 * 3. The region is asked for its zones; any answer, also a refusal, proves that it can be reached.
 * 4. One small reading request for each service tells what is denied. Nothing is changed.
 */
export async function accountAccess(clients: AwsClients, place: AwsPlace): Promise<AccountAccess> {
  const profile = place.profile ?? null;
  const none = { accountId: null, region: place.region, isRegionReachable: false, permissions: [] };
  const missing = await problemOf(() => clients.sts(place).config.credentials());
  if (missing)
    return { ...none, credentials: { found: false, valid: false, profile }, problem: reasonOf(missing.error) };

  const here = await identity(clients, place);
  const anywhere =
    here.account === null ? await identity(clients, { ...place, region: homeRegion(place.region) }) : here;
  const credentials = { found: true, valid: anywhere.account !== null, profile };
  if (anywhere.account === null) return { ...none, credentials, problem: here.problem };

  const isRegionReachable = here.account !== null && (await reaches(clients, place));
  return {
    credentials,
    accountId: anywhere.account,
    region: place.region,
    isRegionReachable,
    permissions: isRegionReachable ? await probe(clients, place) : [],
    problem: here.problem,
  };
}

async function identity(
  clients: AwsClients,
  place: AwsPlace,
): Promise<{ readonly account: string | null; readonly problem: string | null }> {
  try {
    const { Account: account } = await clients.ask('whose credentials these are', place, (abortSignal) =>
      clients.sts(place).send(new GetCallerIdentityCommand({}), { abortSignal }),
    );
    return { account: account ?? null, problem: null };
  } catch (error) {
    return { account: null, problem: reasonOf(causeOf(error)) };
  }
}

async function reaches(clients: AwsClients, place: AwsPlace): Promise<boolean> {
  const asked = await problemOf(() =>
    clients.ask('the availability zones', place, (abortSignal) =>
      clients.ec2(place).send(new DescribeAvailabilityZonesCommand({}), { abortSignal }),
    ),
  );
  return asked === null || failureOf(asked.error) === 'permission';
}

type Ask = (clients: AwsClients, place: AwsPlace, abortSignal: AbortSignal) => Promise<unknown>;

/** Service, action, and the smallest request of it. */
const PROBES: readonly (readonly [service: string, action: string, ask: Ask])[] = [
  [
    'ec2',
    'ec2:DescribeInstances',
    (clients, place, abortSignal) =>
      clients.ec2(place).send(new DescribeInstancesCommand({ MaxResults: 5 }), { abortSignal }),
  ],
  [
    'vpc',
    'ec2:DescribeVpcs',
    (clients, place, abortSignal) =>
      clients.ec2(place).send(new DescribeVpcsCommand({ MaxResults: 5 }), { abortSignal }),
  ],
  [
    'rds',
    'rds:DescribeDBInstances',
    (clients, place, abortSignal) =>
      clients.rds(place).send(new DescribeDBInstancesCommand({ MaxRecords: 20 }), { abortSignal }),
  ],
  [
    'iam',
    'iam:ListRoles',
    (clients, place, abortSignal) => clients.iam(place).send(new ListRolesCommand({ MaxItems: 1 }), { abortSignal }),
  ],
  [
    's3',
    's3:ListAllMyBuckets',
    (clients, place, abortSignal) => clients.s3(place).send(new ListBucketsCommand({ MaxBuckets: 1 }), { abortSignal }),
  ],
];

function probe(clients: AwsClients, place: AwsPlace): Promise<ServicePermission[]> {
  return Promise.all(
    PROBES.map(async ([service, action, ask]): Promise<ServicePermission> => {
      const asked = await problemOf(() => clients.ask(action, place, (signal) => ask(clients, place, signal)));
      if (asked === null) return { service, allowed: true, missing: [], problem: null };
      if (failureOf(asked.error) === 'permission') return { service, allowed: false, missing: [action], problem: null };
      return { service, allowed: false, missing: [], problem: reasonOf(asked.error) };
    }),
  );
}

async function problemOf(call: () => Promise<unknown>): Promise<{ readonly error: unknown } | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return { error: causeOf(error) };
  }
}

/** What AWS has said, below our own words. */
function causeOf(error: unknown): unknown {
  return codeOf(error) === 'LookUpFailed' && error instanceof Error ? error.cause : error;
}

/** A region that no account can switch off, by partition. */
function homeRegion(region: string): string {
  if (region.startsWith('cn-')) return 'cn-north-1';
  return region.startsWith('us-gov-') ? 'us-gov-west-1' : 'us-east-1';
}

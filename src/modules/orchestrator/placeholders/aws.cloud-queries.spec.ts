import { anAwsWorld, awsQueries, certificateArn } from '../../../../test/factories/aws-world.js';
import { AwsEndpoint, type AwsFault, type AwsWorld } from '../../../../test/fakes/aws-endpoint.js';
import type { AwsCloudQueries } from './aws.cloud-queries.js';
import type { AwsSettings } from './aws.clients.js';

const PLACE = { organization: 'demo', account: '111111111111', region: 'eu-west-1' };

describe('AwsCloudQueries', () => {
  let endpoint: AwsEndpoint;
  let queries: AwsCloudQueries;
  beforeAll(async () => {
    endpoint = await AwsEndpoint.start(anAwsWorld());
  });
  afterAll(() => endpoint.stop());
  afterEach(() => queries.onApplicationShutdown());

  const given = (world: Partial<AwsWorld> = {}, faults: AwsFault[] = [], settings: AwsSettings = {}): void => {
    endpoint.world = anAwsWorld(world);
    endpoint.faults = faults;
    endpoint.asked.length = 0;
    queries = awsQueries(endpoint, settings);
  };

  describe('of several', () => {
    const image = (id: string, fields: object = {}) => ({
      id,
      owner: 'amazon',
      name: 'al2023-ami-2023.7.1-kernel-6.1-x86_64',
      architecture: 'x86_64',
      created: '2026-01-01T00:00:00.000Z',
      ...fields,
    });

    it('takes the newest image that is available, wherever it stands in the pages', async () => {
      const older = { created: '2024-01-01T00:00:00.000Z' };
      const newer = { created: '2027-01-01T00:00:00.000Z' };
      given({
        images: [
          image('ami-1', older),
          image('ami-pending', { ...newer, state: 'pending' }),
          image('ami-2', older),
          image('ami-stranger', { ...newer, owner: '999999999999' }),
          image('ami-minimal', { ...newer, name: 'al2023-ami-minimal-2023.7.1-kernel-6.1-x86_64' }),
          image('ami-arm', { ...newer, architecture: 'arm64' }),
          image('ami-newest'),
        ],
      });
      expect((await queries.latestImage(PLACE, 'amazonLinux2023', 'x86_64')).value).toBe('ami-newest');
    });

    it('says that a region has no image', async () => {
      given({ images: [] });
      await expect(queries.latestImage(PLACE, 'ubuntu2204', 'arm64')).rejects.toMatchObject({
        code: 'UNRESOLVABLE_PLACEHOLDER',
        details: { ruleId: 'PH-010', region: 'eu-west-1' },
      });
    });

    it('names no zone that is closed or none of the region itself', async () => {
      const zones = [
        { name: 'eu-west-1b' },
        { name: 'eu-west-1a' },
        { name: 'eu-west-1c', state: 'impaired' },
        { name: 'eu-west-1-lon-1a', type: 'local-zone' },
      ];
      given({ zones });
      expect((await queries.availabilityZones(PLACE)).value).toEqual(['eu-west-1a', 'eu-west-1b']);
    });

    it('takes the issued certificate that is valid longest, of any key', async () => {
      given({
        certificates: [
          { arn: certificateArn(1), domain: 'shop.example.com', notAfter: 2_000_000_000 },
          { arn: certificateArn(2), domain: '*.shop.example.com', notAfter: 2_200_000_000 },
          { arn: certificateArn(3), domain: 'shop.example.com', notAfter: 2_200_000_000, status: 'EXPIRED' },
          { arn: certificateArn(4), domain: 'Shop.Example.com', notAfter: 2_100_000_000, keyType: 'EC_prime256v1' },
        ],
      });
      expect((await queries.certificate(PLACE, 'shop.example.com')).value).toBe(certificateArn(4));
      await expect(queries.certificate(PLACE, 'example.com')).rejects.toMatchObject({ details: { ruleId: 'PH-012' } });
    });

    it('takes a public zone before private ones, and refuses to choose among equals', async () => {
      const zone = (id: string, isPrivate: boolean, name = 'shop.example.com.') => ({ id, name, isPrivate });
      given({
        hostedZones: [
          zone('Z1', true),
          zone('Z2', true),
          zone('Z3', false),
          zone('Z4', false, 'shop.example.com.other.'),
          zone('Z5', true, 'twice.example.com.'),
          zone('Z6', true, 'twice.example.com.'),
          zone('Z7', false, 'a.example.com.'),
        ],
      });
      expect((await queries.hostedZone(PLACE, 'Shop.example.com')).value).toBe('Z3');
      await expect(queries.hostedZone(PLACE, 'twice.example.com')).rejects.toMatchObject({
        details: { ruleId: 'PH-012', candidates: ['Z5', 'Z6'] },
      });
      await expect(queries.hostedZone(PLACE, 'example.com')).rejects.toMatchObject({ details: { ruleId: 'PH-012' } });
    });

    it('takes the first VPC with the tag by its id', async () => {
      const tags = { Name: 'twin' };
      given({
        vpcs: [
          { id: 'vpc-2', tags },
          { id: 'vpc-1', tags },
        ],
      });
      expect((await queries.tagged(PLACE, 'vpc', 'Name', 'twin')).value).toBe('vpc-1');
    });
  });

  it('reads encrypted parameters as secrets', async () => {
    given();
    expect(await queries.parameter(PLACE, '/shop/token')).toEqual({ value: 'hidden-token', secret: true });
  });

  it.each([
    ['a secret of bytes', () => queries.secret(PLACE, 'shop/bytes'), /binary/],
    ['a region without a default VPC', () => queries.defaultVpc(PLACE), /default/],
  ])('says of %s that it has no value', async (_what, ask, message) => {
    given({ vpcs: [] });
    await expect(ask()).rejects.toMatchObject({
      message: expect.stringMatching(message),
      details: { ruleId: 'PH-012' },
    });
  });

  it('says of a secret that waits for its deletion that it is not there', async () => {
    given({}, [{ action: 'GetSecretValue', code: 'InvalidRequestException', message: 'marked for deletion' }]);
    await expect(queries.secret(PLACE, 'shop/db')).rejects.toMatchObject({ details: { ruleId: 'PH-012' } });
  });

  it('asks whose credentials these are once, and everything else every time', async () => {
    given();
    await queries.parameter(PLACE, '/shop/name');
    await queries.parameter(PLACE, '/shop/name');
    await queries.defaultVpc({ ...PLACE, region: 'us-east-1' });
    expect(endpoint.asked).toEqual([
      'eu-west-1 GetCallerIdentity',
      'eu-west-1 GetParameter',
      'eu-west-1 GetParameter',
      'us-east-1 DescribeVpcs',
    ]);
  });

  it('asks nothing of another account but who it is', async () => {
    given();
    const elsewhere = { ...PLACE, account: '222222222222' };
    await expect(queries.secret(elsewhere, 'shop/db')).rejects.toMatchObject({
      code: 'AWS_CREDENTIALS_INVALID',
      failure: 'credentials',
      details: { expected: '222222222222', actual: '111111111111' },
    });
    expect(endpoint.asked).toEqual(['eu-west-1 GetCallerIdentity']);
    expect((await queries.accountId(elsewhere)).value).toBe('111111111111');
  });

  describe('when AWS refuses', () => {
    it.each([
      ['DescribeImages', 'UnauthorizedOperation', 403, () => queries.latestImage(PLACE, 'amazonLinux2', 'arm64')],
      ['GetParameter', 'AccessDeniedException', 400, () => queries.parameter(PLACE, '/shop/name')],
      ['GetSecretValue', 'AccessDeniedException', 400, () => queries.secret(PLACE, 'shop/db')],
      ['ListCertificates', 'AccessDeniedException', 400, () => queries.certificate(PLACE, 'shop.example.com')],
      ['ListHostedZonesByName', 'AccessDenied', 403, () => queries.hostedZone(PLACE, 'shop.example.com')],
      ['GetCallerIdentity', 'AccessDenied', 403, () => queries.accountId(PLACE)],
    ])('%s with %s, the permission is missing', async (action, code, status, ask) => {
      given({}, [{ action, code, status, message: 'User is not authorized' }]);
      await expect(ask()).rejects.toMatchObject({
        code: 'AWS_INSUFFICIENT_PERMISSIONS',
        status: 502,
        failure: 'permission',
        message: expect.stringContaining('User is not authorized'),
        details: { awsCode: code, retryable: false },
      });
      expect(endpoint.asked.filter((each) => each.endsWith(action))).toHaveLength(1);
    });

    it('credentials that it does not know, they are wrong', async () => {
      given({ accessKeyId: 'AKIAANOTHER' });
      await expect(queries.defaultVpc(PLACE)).rejects.toMatchObject({
        code: 'AWS_CREDENTIALS_INVALID',
        details: { awsCode: 'InvalidClientTokenId' },
      });
    });

    it('what it does not understand, the look-up fails for good', async () => {
      given({}, [{ action: 'GetParameter', code: 'ValidationException', message: 'Invalid name' }]);
      await expect(queries.parameter(PLACE, '??')).rejects.toMatchObject({
        code: 'AWS_RESOURCE_ERROR',
        failure: 'resource',
        details: { retryable: false, attempts: 1 },
      });
    });
  });

  describe('when AWS is busy', () => {
    it.each([
      ['DescribeVpcs', 'RequestLimitExceeded', 503, () => queries.defaultVpc(PLACE)],
      ['GetParameter', 'ThrottlingException', 400, () => queries.parameter(PLACE, '/shop/name')],
      ['ListHostedZonesByName', 'Throttling', 400, () => queries.hostedZone(PLACE, 'shop.example.com')],
    ])('%s is tried again after %s', async (action, code, status, ask) => {
      given({}, [{ action, code, status, times: 2 }]);
      expect((await ask()).value).toBeTruthy();
      expect(endpoint.asked.filter((each) => each.endsWith(action))).toHaveLength(3);
    });

    it('the question is given up after the last try, and may be asked again', async () => {
      given({}, [{ action: 'GetParameter', code: 'ThrottlingException' }], { attempts: 2 });
      await expect(queries.parameter(PLACE, '/shop/name')).rejects.toMatchObject({
        code: 'AWS_RESOURCE_ERROR',
        failure: 'transient',
        details: { awsCode: 'ThrottlingException', attempts: 2, retryable: true },
      });
    });

    it.each([
      ['a try', { tryMs: 200, attempts: 2 }, 2],
      ['the question', { questionMs: 300 }, 1],
    ])('silence ends with the limit of %s', async (_whose, settings, tries) => {
      given({}, [{ action: 'DescribeVpcs', hang: true }], settings);
      await queries.accountId(PLACE);
      await expect(queries.defaultVpc(PLACE)).rejects.toMatchObject({
        code: 'AWS_RESOURCE_ERROR',
        failure: 'transient',
        message: expect.stringContaining('no answer in time'),
      });
      const asked = (): readonly string[] => endpoint.asked.filter((each) => each.endsWith('DescribeVpcs'));
      while (asked().length < tries) await new Promise((resolve) => setImmediate(resolve)); // the last one may still be on its way
      expect(asked()).toHaveLength(tries);
    });
  });

  describe('asked what the server may do', () => {
    it('tells account and permissions', async () => {
      given();
      expect(await queries.access(PLACE)).toEqual({
        credentials: { found: true, valid: true, profile: null },
        accountId: '111111111111',
        region: 'eu-west-1',
        isRegionReachable: true,
        permissions: ['ec2', 'vpc', 'rds', 'iam', 's3'].map((service) => ({
          service,
          allowed: true,
          missing: [],
          problem: null,
        })),
        problem: null,
      });
    });

    it('tells what is denied from what does not answer', async () => {
      const denied = { code: 'AccessDenied', status: 403 };
      given(
        {},
        [
          { action: 'DescribeInstances', code: 'UnauthorizedOperation', status: 403 },
          { action: 'ListRoles', ...denied },
          { action: 'ListBuckets', ...denied },
          { action: 'DescribeDBInstances', code: 'InternalFailure', status: 500 },
        ],
        { attempts: 1 },
      );
      const { permissions } = await queries.access(PLACE);
      expect(permissions).toEqual([
        { service: 'ec2', allowed: false, missing: ['ec2:DescribeInstances'], problem: null },
        { service: 'vpc', allowed: true, missing: [], problem: null },
        { service: 'rds', allowed: false, missing: [], problem: expect.stringContaining('InternalFailure') },
        { service: 'iam', allowed: false, missing: ['iam:ListRoles'], problem: null },
        { service: 's3', allowed: false, missing: ['s3:ListAllMyBuckets'], problem: null },
      ]);
    });

    it('tells a region that is not enabled from wrong credentials', async () => {
      given({ closedRegions: ['eu-west-1'] });
      expect(await queries.access(PLACE)).toMatchObject({
        credentials: { found: true, valid: true },
        accountId: '111111111111',
        isRegionReachable: false,
        permissions: [],
        problem: expect.stringContaining('InvalidClientTokenId'),
      });
      given({ accessKeyId: 'AKIAANOTHER' });
      expect(await queries.access(PLACE)).toMatchObject({
        credentials: { found: true, valid: false },
        accountId: null,
        isRegionReachable: false,
        problem: expect.stringContaining('InvalidClientTokenId'),
      });
    });

    it('counts a region as reached that answers with a refusal', async () => {
      given({}, [{ action: 'DescribeAvailabilityZones', code: 'UnauthorizedOperation', status: 403 }]);
      expect(await queries.access(PLACE)).toMatchObject({ isRegionReachable: true });
    });

    it('says that there are no credentials', async () => {
      given({}, [], { credentials: () => Promise.reject(credentialsMissing()) });
      expect(await queries.access(PLACE)).toMatchObject({
        credentials: { found: false, valid: false },
        accountId: null,
        problem: expect.stringContaining('Could not load credentials'),
      });
      await expect(queries.defaultVpc(PLACE)).rejects.toMatchObject({ code: 'AWS_CREDENTIALS_INVALID' });
      expect(endpoint.asked).toEqual([]);
    });
  });
});

/** What the SDK's chain ends with. */
function credentialsMissing(): Error {
  return Object.assign(new Error('Could not load credentials from any providers'), {
    name: 'CredentialsProviderError',
  });
}

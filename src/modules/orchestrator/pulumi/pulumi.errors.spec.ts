import {
  isProgramFault,
  readCloudAnswer,
  readCommandFailure,
  readInvalidInput,
  readLockHolders,
  readProtection,
  readSurroundings,
} from './pulumi.errors.js';

const LOCKED = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///data/.pulumi/locks/organization/shop/dev/1f.json: created by ann@build-7 (pid 4711) at 2030-01-01T10:00:00Z`;

describe('readCommandFailure', () => {
  it.each([
    ['a lock of somebody else', LOCKED, 'RESOURCE_LOCKED', 'state_conflict', /locked/],
    [
      'another passphrase',
      'error: getting stack configuration: get stack secrets manager: incorrect passphrase',
      'PULUMI_STATE_ERROR',
      'state_corruption',
      /PULUMI_CONFIG_PASSPHRASE/,
    ],
    [
      'no log-in',
      'error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions',
      'PULUMI_API_ERROR',
      'credentials',
      /set PULUMI_ACCESS_TOKEN/,
    ],
    [
      'a plug-in that is not there',
      "error: Could not automatically download and install resource plugin 'pulumi-resource-aws' at version v7.48.0, install the plugin using `pulumi plugin install resource aws v7.48.0`: dial tcp",
      'PULUMI_PLUGIN_MISSING',
      'validation',
      /plug-in "aws"/,
    ],
    [
      'no credentials',
      'error: unable to validate AWS credentials. Details: No valid credential sources found',
      'AWS_CREDENTIALS_INVALID',
      'credentials',
      /AWS_PROFILE/,
    ],
    [
      'a stack that is not there',
      "error: no stack named 'organization/shop/dev' found",
      'STACK_NOT_FOUND',
      'state_conflict',
      /shop\/dev/,
    ],
    [
      'a bucket that cannot be reached',
      'error: unable to open bucket s3://state: dial tcp: lookup s3.amazonaws.com: no such host',
      'PULUMI_STATE_ERROR',
      'transient',
      /PULUMI_BACKEND_URL/,
    ],
    ['anything else', 'error: something new\nmore', 'PULUMI_STATE_ERROR', 'internal', /failed: something new$/],
    ['nothing', '', 'PULUMI_STATE_ERROR', 'internal', /no reason/],
  ])('tells %s', (_, text, code, kind, message) => {
    expect(readCommandFailure(text)).toMatchObject({ code, class: kind, message: expect.stringMatching(message) });
  });
});

describe('what diagnostics say', () => {
  it('names who holds the locks', () => {
    expect(readLockHolders(LOCKED)).toEqual([
      { user: 'ann', host: 'build-7', pid: 4711, lockedAt: '2030-01-01T10:00:00Z' },
    ]);
  });

  it('tells an answer of AWS, and whether it may be asked again', () => {
    const text =
      '1 error occurred:\n* creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 400, api error ';
    expect(readCloudAnswer(`${text}VpcLimitExceeded: The maximum number of VPCs has been reached.\n`)).toEqual({
      code: 'VpcLimitExceeded',
      message: 'The maximum number of VPCs has been reached.',
      retryable: false,
    });
    expect(readCloudAnswer(`${text}Throttling: Rate exceeded`)?.retryable).toBe(true);
    expect(readCloudAnswer('the plug-in crashed')).toBeUndefined();
  });

  it('tells an invalid input by property and reason, never by value', () => {
    const text = `aws:ec2/vpc:Vpc resource 'x': property cidrBlock value {"secret"} has a problem: is not a CIDR`;
    expect(readInvalidInput(text)).toBe('cidrBlock: is not a CIDR');
    expect(readInvalidInput(`aws:ec2/vpc:Vpc resource 'x' has a problem: Missing required argument`)).toBe(
      'Missing required argument',
    );
    expect(readInvalidInput('boom')).toBeUndefined();
  });

  it.each([
    ['unable to replace resource "u"\nas it is currently marked for protection.', 'replaced'],
    ['unable to delete resource "u"\nas it is currently marked for protection.', 'deleted'],
    ['creating: api error', undefined],
  ])('tells what protection refused', (text, deed) => {
    expect(readProtection(text)).toBe(deed);
  });

  it('tells faults of the program and of its surroundings', () => {
    expect(isProgramFault("Duplicate resource URN 'u'; try giving it a unique name")).toBe(true);
    expect(readSurroundings("no resource plugin 'pulumi-resource-tls' found")?.code).toBe('PULUMI_PLUGIN_MISSING');
    expect(readSurroundings('TypeError: x is not a function')).toBeUndefined();
  });
});

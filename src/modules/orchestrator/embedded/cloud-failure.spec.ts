import { CloudError } from '../../../../tools/sandbox-cloud/provider.port.js';
import { judgeCloudError, toEngineError } from './cloud-failure.js';

describe('judgeCloudError', () => {
  it.each<[string, boolean, string, string]>([
    ['AccessDenied', false, 'permission', 'INSUFFICIENT_PERMISSIONS'],
    ['AccessDeniedException', false, 'permission', 'INSUFFICIENT_PERMISSIONS'],
    ['UnauthorizedOperation', false, 'permission', 'INSUFFICIENT_PERMISSIONS'],
    ['ExpiredToken', false, 'credentials', 'X'],
    ['VpcLimitExceeded', false, 'limit', 'SERVICE_LIMIT_EXCEEDED'],
    ['LimitExceededException', false, 'limit', 'SERVICE_LIMIT_EXCEEDED'],
    ['DBInstanceQuotaExceeded', false, 'limit', 'SERVICE_LIMIT_EXCEEDED'],
    ['InsufficientInstanceCapacity', false, 'limit', 'SERVICE_LIMIT_EXCEEDED'],
    ['TooManyBuckets', false, 'limit', 'SERVICE_LIMIT_EXCEEDED'],
    ['TooManyRequestsException', false, 'resource', 'X'],
    ['RequestLimitExceeded', true, 'transient', 'X'],
    ['InvalidVpcRange', false, 'resource', 'X'],
  ])('%s (retryable: %s) is %s, %s', (code, retryable, kind, expected) => {
    expect(judgeCloudError(new CloudError(code, 'm', retryable), 'X')).toEqual({
      class: kind,
      code: expected,
      retryable,
    });
  });
});

describe('toEngineError', () => {
  it.each([
    ['create', 'RESOURCE_CREATION_FAILED'],
    ['update', 'RESOURCE_UPDATE_FAILED'],
    ['delete', 'RESOURCE_DELETE_FAILED'],
  ] as const)('of a failed %s names resource, deed and the cloud’s own words', (action, code) => {
    const step = { urn: 'urn:pulumi:s::p::aws:ec2/vpc:Vpc::main', type: 'aws:ec2/vpc:Vpc', action };
    expect(toEngineError(step, new CloudError('InvalidVpcRange', 'too large'))).toEqual({
      class: 'resource',
      code,
      message: `${action} of aws:ec2/vpc:Vpc "main" failed: InvalidVpcRange: too large`,
      cloudCode: 'InvalidVpcRange',
      urn: step.urn,
      resourceType: step.type,
      resourceName: 'main',
      retryable: false,
    });
    expect(toEngineError(step, new TypeError('oops'))).toMatchObject({ class: 'internal', retryable: false });
  });
});

import type { LogVolume } from './deployment-logs.repository.js';
import { errorText } from './error-text.js';
import { filesOf, parseFileName } from './log-files.js';
import type { LogRecord } from './log-record.js';
import { textOf } from './log-text.js';
import { instantOf } from './since.js';

const AT = new Date('2030-01-02T03:04:05.678Z');

const aVolume = (given: Partial<LogVolume> = {}): LogVolume => ({
  operationId: 'op-1',
  type: 'deploy',
  environment: 'dev',
  component: 'deploy',
  isStack: false,
  firstAt: AT,
  bytes: 100,
  infoBytes: 80,
  errors: 0,
  ...given,
});

describe('names of log files (api.md 6.4)', () => {
  it.each([
    ['init.log', { kind: 'init' }],
    ['deploy-dev-20300102-030405.log', { kind: 'operation', type: 'deploy', environment: 'dev' }],
    ['drift-fix-prod-20300102-030405.log', { kind: 'operation', type: 'drift-fix', environment: 'prod' }],
    ['compute-ec2-stage-20300102-030405.log', { kind: 'stack', stack: 'compute-ec2', environment: 'stage' }],
    ['error-deploy-20300102-030405.log', { kind: 'error', type: 'deploy' }],
  ])('%s is one', (name, parts) => {
    expect(parseFileName(name)).toMatchObject(parts);
  });

  it.each([
    'init.txt',
    '../init.log',
    'deploy-dev.log',
    'deploy-qa-20300102-030405.log',
    'deploy-dev-20300102-030405.log.gz',
    'deploy-dev-20301302-030405.log',
    'deploy-dev-20300230-030405.log',
    'error-init-20300102-030405.log',
    'Network-dev-20300102-030405.log',
  ])('%s is none', (name) => {
    expect(parseFileName(name)).toBeNull();
  });
});

describe('the files of a log', () => {
  it('are one for the operation, one for each stack that ran, and one with the errors; newest first', () => {
    const later = new Date(AT.getTime() + 60_000);
    const files = filesOf([
      aVolume({ operationId: null, type: 'init', environment: null, component: 'init', firstAt: new Date(0) }),
      aVolume(),
      aVolume({ component: 'plan' }),
      aVolume({ component: 'network', isStack: true, firstAt: later, errors: 1 }),
    ]);
    expect(files.map(({ name, type, sizeBytes }) => [name, type, sizeBytes])).toEqual([
      ['network-dev-20300102-030505.log', 'stack', 100],
      ['deploy-dev-20300102-030405.log', 'deploy', 240],
      ['error-deploy-20300102-030405.log', 'error', null],
      ['init.log', 'init', 80],
    ]);
  });

  it('are shared by operations that began in the same second', () => {
    const files = filesOf([aVolume(), aVolume({ operationId: 'op-2', firstAt: new Date(AT.getTime() + 100) })]);
    expect(files).toEqual([
      expect.objectContaining({
        name: 'deploy-dev-20300102-030405.log',
        operationIds: ['op-1', 'op-2'],
        sizeBytes: 160,
      }),
    ]);
  });
});

describe('the text of a line', () => {
  it('has time, level and component before every row', () => {
    const line = { timestamp: AT, level: 'warn', component: 'network', message: 'one\ntwo' } as const;
    expect(textOf(line)).toBe(
      '[2030-01-02 03:04:05] [WARN] [network] one\n[2030-01-02 03:04:05] [WARN] [network] two\n',
    );
  });

  it('of an error has its context and the way out below it', () => {
    const line: LogRecord = {
      id: 'e1',
      organization: 'acme',
      deploymentId: 'D1BRV40',
      environment: 'dev',
      stack: 'network',
      operationId: 'op-1',
      operation: 'deploy',
      type: 'deploy',
      position: 1,
      timestamp: AT,
      level: 'error',
      component: 'network',
      message: 'failed: SERVICE_LIMIT_EXCEEDED: too many',
      metadata: {
        error: {
          code: 'SERVICE_LIMIT_EXCEEDED',
          details: { class: 'limit', cloudCode: 'VpcLimitExceeded', remediation: 'Request a quota increase.' },
        },
      },
      bytes: 1,
    };
    expect(errorText(line).split('\n')).toEqual(
      [
        'failed: SERVICE_LIMIT_EXCEEDED: too many',
        '  Deployment: D1BRV40',
        '  Environment: dev',
        '  Stack: network',
        '  Operation: op-1 (deploy)',
        '  Code: SERVICE_LIMIT_EXCEEDED',
        '  Class: limit',
        '  Cloud code: VpcLimitExceeded',
        '  Solution: Request a quota increase.',
      ]
        .map((row) => `[2030-01-02 03:04:05] [ERROR] [network] ${row}`)
        .concat(''),
    );
  });
});

describe('since', () => {
  it.each([
    ['45s', '2030-01-02T03:03:20.678Z'],
    ['30m', '2030-01-02T02:34:05.678Z'],
    ['24h', '2030-01-01T03:04:05.678Z'],
    ['7d', '2029-12-26T03:04:05.678Z'],
    ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
    ['2030-01-01', '2030-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(instantOf('since', text, AT).toISOString()).toBe(instant);
  });

  it.each(['yesterday', '7w', '-1h', '', '2030-13-01', '1234567890', '99999999999d', '999999999d'])(
    '%s is none',
    (text) => {
      expect(() => instantOf('since', text, AT)).toThrow('since must be a duration such as 30m, 24h or 7d');
    },
  );
});

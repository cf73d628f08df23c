import { isInside } from '../../../shared/http/public-address.js';
import { type StackFacts, verified, worstOf } from './verify-rules.js';

const facts = (more: Partial<StackFacts> = {}): StackFacts => ({
  instance: { stack: 'network', status: 'deployed', lastOperationSucceeded: true, lastError: null },
  resources: 29,
  brokenReads: [],
  readers: ['security'],
  health: { kind: 'answers', message: 'shop.example answers 200' },
  ...more,
});
const failedInstance = {
  stack: 'network',
  status: 'failed' as const,
  lastOperationSucceeded: false,
  lastError: { code: 'SERVICE_LIMIT_EXCEEDED', message: 'too many VPCs' },
};

describe('verify (deployments.md 8.5)', () => {
  it('[POST-001] [POST-002] [POST-003] pass for a stack that stands, is read and answers', () => {
    expect(verified('network', facts())).toEqual({
      name: 'network',
      status: 'HEALTHY',
      checks: [
        { name: 'resources', ruleId: 'POST-001', status: 'passed', message: '29 resources' },
        { name: 'references', ruleId: 'POST-002', status: 'passed', message: 'read by security' },
        { name: 'health', ruleId: 'POST-003', status: 'passed', message: 'shop.example answers 200' },
      ],
    });
  });

  it.each<[string, string, Partial<StackFacts>, string]>([
    ['POST-001', 'UNHEALTHY', { resources: 0 }, 'the state has no resources'],
    ['POST-001', 'UNHEALTHY', { instance: failedInstance }, 'the last operation failed: too many VPCs'],
    [
      'POST-002',
      'DEGRADED',
      { brokenReads: [{ by: 'security', placeholder: '${network.vpcId}', message: 'no output vpcId' }] },
      'security: ${network.vpcId}: no output vpcId',
    ],
    ['POST-003', 'DEGRADED', { health: { kind: 'fails', message: 'answers 503' } }, 'answers 503'],
  ])('[%s] makes the stack %s', (ruleId, status, more, message) => {
    const { checks, ...rest } = verified('network', facts(more));
    expect(rest.status).toBe(status);
    expect(checks.filter((check) => check.status === 'failed')).toEqual([expect.objectContaining({ ruleId, message })]);
  });

  it('[POST-003] is skipped where nothing can be asked, and everything where the time is up', () => {
    const none = verified('dns', facts({ health: { kind: 'none', message: 'no probe for this stack' } }));
    expect(none.checks[2]).toMatchObject({ status: 'skipped', message: 'no probe for this stack' });
    expect(verified('dns', null).checks.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  it('sums up as the worst', () => {
    expect([worstOf([]), worstOf(['HEALTHY', 'DEGRADED']), worstOf(['DEGRADED', 'UNHEALTHY'])]).toEqual([
      'HEALTHY',
      'DEGRADED',
      'UNHEALTHY',
    ]);
  });
});

describe('health probes', () => {
  it.each([
    ['10.1.2.3', true],
    ['127.0.0.1', true],
    ['169.254.169.254', true],
    ['172.31.0.1', true],
    ['::1', true],
    ['::ffff:10.0.0.1', true],
    ['fd00::1', true],
    ['203.0.113.7', false],
    ['2001:db8::1', false],
  ])('[POST-003] %s is inside our own networks: %s', (address, inside) => {
    expect(isInside(address)).toBe(inside);
  });
});

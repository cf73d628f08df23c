import type { AccountAccess, BackendAccess } from '../../orchestrator/platform-access.js';
import { applyRules } from '../../templates/finding.js';
import { ACCOUNT_RULES, BACKEND_RULES } from './access-rules.js';

const account = (more: Partial<AccountAccess> = {}): AccountAccess => ({
  credentials: { found: true, valid: true, profile: null },
  accountId: '111111111111',
  region: 'us-east-1',
  isRegionReachable: true,
  permissions: [{ service: 'ec2', allowed: true, missing: [], problem: null }],
  problem: null,
  ...more,
});
const backend = (more: Partial<BackendAccess> = {}): BackendAccess => ({
  cliInstalled: true,
  cliVersion: '3.260.0',
  minimumVersion: '3.0.0',
  loggedIn: true,
  user: 'ada',
  organization: 'northwind',
  canCreate: true,
  canRead: true,
  canWrite: true,
  problem: null,
  ...more,
});
const credentials = (found: boolean, valid: boolean) => ({ credentials: { found, valid, profile: null } });
const probe = (problem: string | null, missing: readonly string[]) => ({
  permissions: [{ service: 'rds', allowed: false, missing, problem }],
});

describe('access to the account (deployments.md 8.5)', () => {
  const rules = (more: Partial<AccountAccess>) =>
    applyRules(ACCOUNT_RULES, { environment: 'dev', account: '111111111111', access: account(more) });

  it.each<[string, string, Partial<AccountAccess>]>([
    ['AWS-001', 'HIGH', { ...credentials(false, false), accountId: null, problem: 'no provider has any' }],
    ['AWS-001', 'HIGH', { ...credentials(true, false), accountId: null, isRegionReachable: false }],
    ['AWS-002', 'HIGH', { accountId: '999999999999' }],
    ['AWS-003', 'LOW', probe(null, ['rds:DescribeDBInstances'])],
    ['AWS-003', 'HIGH', probe('timed out', [])],
    ['AWS-004', 'HIGH', { isRegionReachable: false }],
  ])('[%s] is %s for %j', (ruleId, severity, more) => {
    expect(rules(more)).toEqual([
      expect.objectContaining({ ruleId, severity, environment: 'dev', location: 'environments.dev' }),
    ]);
  });

  it('has nothing to say about an account that answers and allows', () => {
    expect(rules({})).toEqual([]);
  });
});

describe('access to the state backend (deployments.md 8.5)', () => {
  const rules = (more: Partial<BackendAccess>, pending = {}) =>
    applyRules(BACKEND_RULES, { environment: 'prod', access: backend(more), pending });

  it.each<[string, Partial<BackendAccess>]>([
    ['PUL-001', { cliInstalled: false, cliVersion: null, loggedIn: false, problem: 'none on the PATH' }],
    ['PUL-001', { cliVersion: '2.25.3' }],
    ['PUL-002', { loggedIn: false, canRead: false }],
    ['PUL-003', { canWrite: false }],
    ['PUL-003', { canCreate: false, canRead: false, problem: 'no such organization' }],
  ])('[%s] blocks for %j', (ruleId, more) => {
    expect(rules(more)).toEqual([expect.objectContaining({ ruleId, severity: 'HIGH', environment: 'prod' })]);
  });

  it('[PUL-004] warns of operations that a killed run has left', () => {
    expect(rules({}, { network: 2, dns: 0 })).toEqual([
      expect.objectContaining({ ruleId: 'PUL-004', severity: 'MEDIUM', stack: 'network' }),
    ]);
  });

  it('takes what was not tried as possible, and versions as numbers', () => {
    expect(rules({ canCreate: null, canRead: null, canWrite: null, cliVersion: '3.10.0' })).toEqual([]);
  });
});

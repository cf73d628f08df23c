import type { Finding } from '../../templates/finding.js';
import { type CheckedUp, checkOf, resultOf } from './check-groups.js';

const finding = (ruleId: string): Finding => ({
  ruleId,
  code: 'X',
  severity: 'HIGH',
  message: `${ruleId} is broken`,
  location: '',
  details: {},
  remediation: '',
});
const known = (more: Partial<CheckedUp> = {}): CheckedUp => ({
  reached: 'full',
  wanted: 'full',
  errors: [],
  warnings: [],
  skipped: {},
  notValidated: [],
  ...more,
});

describe('checks of validate (api.md 3.3, deployments.md 8.1)', () => {
  it.each([
    ['SYN-001', 'manifest'],
    ['SCH-013', 'manifest'],
    ['DEP-W01', 'dependencies'],
    ['PRE-002', 'dependencies'],
    ['CFG-001', 'configuration'],
    ['TPL-010', 'configuration'],
    ['ENV-W01', 'configuration'],
    ['POL-101', 'configuration'],
    ['PH-012', 'runtime-placeholders'],
    ['COD-R1', 'stack-code'],
    ['AWS-002', 'aws-credentials'],
    ['PUL-004', 'pulumi-state'],
  ])('%s belongs to %s', (ruleId, check) => {
    expect(checkOf(ruleId)).toBe(check);
  });

  it.each<[string, Partial<CheckedUp>, string, string]>([
    ['nothing is wrong', {}, 'passed', 'no problems'],
    ['there are only warnings', { warnings: [finding('DEP-W02')] }, 'passed', '1 warning(s)'],
    ['a rule is broken', { errors: [finding('DEP-001')] }, 'failed', 'DEP-001 is broken'],
    [
      'its level is not asked for',
      { wanted: 'schema', reached: 'schema' },
      'skipped',
      'belongs to level dependencies; asked for was schema',
    ],
    ['a level before has errors', { reached: 'schema' }, 'skipped', 'not reached: level schema has errors'],
    ['it has a reason', { skipped: { dependencies: 'not now' } }, 'skipped', 'not now'],
  ])('dependencies, when %s', (_case, more, status, message) => {
    expect(resultOf('dependencies', known(more))).toMatchObject({ status, message });
  });

  it('names environments that are off where values are looked at', () => {
    const off = known({ notValidated: ['stage', 'prod'] });
    expect(resultOf('configuration', off).details).toEqual({ errors: 0, warnings: 0, notValidated: ['stage', 'prod'] });
    expect(resultOf('manifest', off).details).toEqual({ errors: 0, warnings: 0 });
  });
});

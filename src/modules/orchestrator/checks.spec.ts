import { checkChanges, checkConfig, typedValues } from './config-check.js';
import { checkOutputs, openOutputs } from './outputs-check.js';
import type { DeclaredInput } from './run-request.js';

const input = (fields: Partial<DeclaredInput>): DeclaredInput => ({
  type: 'string',
  required: false,
  secret: false,
  ...fields,
});

describe('configuration after resolution (deployments.md 4.3, 5.4, RUN-001)', () => {
  it.each<[string, Partial<DeclaredInput>, unknown]>([
    ['CFG-001', { required: true }, undefined],
    ['CFG-001', { required: true }, null],
    ['CFG-002', { type: 'number' }, '12'],
    ['CFG-002', { type: 'array' }, { a: 1 }],
    ['CFG-003', { allowedValues: ['a', 'b'] }, 'c'],
    ['CFG-003', { pattern: '^sg-' }, 'vpc-1'],
    ['CFG-003', { type: 'number', minimum: 2 }, 1],
    ['CFG-003', { type: 'number', maximum: 2 }, 3],
  ])('[RUN-001] [%s] %j with %j', (ruleId, declared, value) => {
    expect(checkConfig({ key: value }, { key: input(declared) }, new Set())).toMatchObject([{ ruleId, key: 'key' }]);
  });

  it('accepts what fits, leaves optional and skipped keys alone, and never tells a secret value', () => {
    const inputs = { a: input({ type: 'object' }), b: input({}), c: input({ required: true }) };
    expect(checkConfig({ a: {} }, inputs, new Set(['c']))).toEqual([]);
    const [finding] = checkConfig({ a: 'hidden' }, { a: input({ secret: true, pattern: '^x' }) }, new Set());
    expect(finding?.message).toBe('a: its value does not match ^x');
  });

  it.each<[DeclaredInput['changes'], unknown, unknown, boolean]>([
    ['none', 'shop', 'shop', true],
    ['none', 'shop', 'other', false],
    ['none', undefined, 'shop', false],
    ['none', undefined, undefined, true],
    ['minor', '15', '15.8', true],
    ['minor', '15.8', '15', true],
    ['minor', '15.8', '16', false],
    ['minor', '16', '15', false],
    ['step', '1.33', '1.34', true],
    ['step', '1.33', '1.35', false],
    ['step', '1.33', '1.32', false],
    ['step', '1.33', '2.34', false],
    [undefined, 'shop', 'other', true],
  ])('changes %s: from %j to %j is allowed: %s (RDS-3)', (changes, old, now, allowed) => {
    const inputs = { key: input(changes ? { changes } : {}) };
    expect(checkChanges({ key: now }, inputs, { key: old })).toHaveLength(allowed ? 0 : 1);
    expect(checkChanges({ key: now }, inputs, null)).toEqual([]); // nothing is deployed
  });

  it('tells what was and what is wanted when it refuses a change, but no secret', () => {
    const told = (secret: boolean) =>
      checkChanges({ key: 'b' }, { key: input({ changes: 'none', secret }) }, { key: 'a' })[0]?.message;
    expect(told(false)).toMatch(/^key: "b" instead of "a" is refused: .*destroy the stack first/);
    expect(told(true)).not.toContain('"a"');
  });

  it('converts only text that came from placeholders and reads as the declared type', () => {
    const resolved = {
      values: { n: ' 12 ', b: 'true', x: 'twelve', literal: '7', list: ['1'] },
      filledKeys: ['n', 'b', 'x', 'list'],
      secretKeys: [],
      resolved: [],
      newSticky: {},
      unresolved: [],
      omittedKeys: [],
    };
    const number = input({ type: 'number' });
    const inputs = { n: number, b: input({ type: 'boolean' }), x: number, literal: number, list: number };
    expect(typedValues(resolved, inputs)).toEqual({ n: 12, b: true, x: 'twelve', literal: '7', list: ['1'] });
  });
});

describe('outputs after a run (deployments.md 8.5)', () => {
  const open = (value: unknown) => ({ value, secret: false });

  it('[RUN-002] names declared outputs that are absent or null, and warns of undeclared ones but for the common', () => {
    const declared = { a: { type: 'string', secret: false }, b: { type: 'string', secret: false } } as const;
    const findings = checkOutputs(
      { a: open(null), extra: open(1), stackName: open('x'), __exists: open(true) },
      declared,
    );
    expect(findings.missing).toEqual(['a', 'b']);
    expect(findings.warnings).toEqual([{ code: 'RUN-002', message: 'Output extra is not declared' }]);
    expect(checkOutputs({ anything: open(1) }, {})).toEqual({ missing: [], warnings: [] });
  });

  it.each([
    ['RUN-003', 'name', 12, 'string'],
    ['RUN-004', 'vpcId', 'subnet-1', 'string'],
    ['RUN-004', 'privateSubnetIds', ['subnet-1', 'x'], 'array'],
    ['RUN-004', 'keyArn', 'key', 'string'],
    ['RUN-004', 'webSecurityGroupId', 'sg-1', 'string', true],
    ['RUN-004', 'certificateArn', '', 'string', true],
    ['RUN-004', 'publicSubnetIds', [], 'array', true],
  ] as const)('[%s] %s = %j', (code, name, value, type, fits: boolean = false) => {
    const { warnings } = checkOutputs({ [name]: open(value) }, { [name]: { type, secret: false } });
    expect(warnings.map((warning) => warning.code)).toEqual(fits ? [] : [code]);
  });

  it('tells only what neither the engine nor the template calls secret', () => {
    const outputs = { a: open(1), b: { value: 2, secret: true }, c: open(3) };
    expect(openOutputs(outputs, { c: { type: 'number', secret: true } })).toEqual({ a: 1 });
  });
});

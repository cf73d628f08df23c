import { aFingerprint } from '../../../../test/factories/run-request.js';
import type { Fingerprint } from '../../orchestrator/run-request.js';
import type { EnvironmentVersion, StackSnapshot } from '../environments/environment.js';
import { brokenDependents, rollbackTo, type RollbackTarget } from './rollback-target.js';

/** Differs in total and configuration. */
const made = (total: string): Fingerprint => ({ ...aFingerprint(total), config: total });
const snapshot = (fingerprint: Fingerprint, more: Partial<StackSnapshot> = {}): StackSnapshot => ({
  stackVersion: 1,
  status: 'deployed',
  codeHash: 'c0de',
  resourceCount: 1,
  dependencies: [],
  config: { values: { of: fingerprint.total }, secretKeys: [] },
  outputs: {},
  fingerprint,
  ...more,
});
const reading = (total: string, ...texts: readonly string[]): Fingerprint => ({
  ...made('equal'),
  total,
  resolved: Object.fromEntries(texts.map((text) => [text, `digest of ${total}`])),
});
const target = (stacks: RollbackTarget['stacks']): RollbackTarget => ({
  version: { version: 1 } as EnvironmentVersion,
  stacks,
});
const now = (
  stack: string,
  fingerprint: Fingerprint | null,
  status: 'deployed' | 'failed' | 'destroyed' = 'deployed',
) => ({
  stack,
  status,
  fingerprint,
});

describe('what a rollback does (deployments.md 7.9)', () => {
  const then = target({
    same: snapshot(made('a')),
    changed: snapshot(made('b')),
    gone: snapshot(made('c')),
  });

  it('leaves what is equal, applies what differs, is failed or is gone, and destroys what is new', () => {
    const current = [
      now('same', made('a')),
      now('changed', made('x')),
      now('gone', null, 'destroyed'),
      now('new', made('n')),
    ];
    const plan = rollbackTo(then, current, null);
    expect(Object.keys(plan.deploy)).toEqual(['changed', 'gone']);
    expect(plan.destroy).toEqual(['new']);
    expect(plan.facts?.['changed']).toEqual({ fingerprint: made('b'), dependencies: [], codeHash: 'c0de' });
    expect(Object.keys(rollbackTo(then, [now('same', made('a'), 'failed')], null).deploy)).toContain('same');
  });

  it('can be limited to one stack', () => {
    const plan = rollbackTo(then, [now('changed', made('x')), now('new', made('n'))], 'changed');
    expect([Object.keys(plan.deploy), plan.destroy]).toEqual([['changed'], []]);
  });

  it('applies again what reads outputs of a stack that is applied, but not because of other outputs alone', () => {
    const text = '{{RUNTIME:network:vpcId}}';
    const stacks = target({ network: snapshot(made('a')), app: snapshot(reading('then', text)) });
    const appNow = { ...reading('then', text), total: 'other', resolved: { [text]: 'another vpc' } };
    const moved = rollbackTo(stacks, [now('network', made('x')), now('app', appNow)], null);
    expect([Object.keys(moved.deploy), moved.conditional]).toEqual([['network', 'app'], ['app']]);
    const equal = rollbackTo(stacks, [now('network', made('a')), now('app', appNow)], null);
    expect(Object.keys(equal.deploy)).toEqual([]);
    expect(moved.conditional).not.toContain('network');
  });

  it('names dependents that read outputs the target lacks', () => {
    const kept = snapshot(made('a'), { outputs: { vpcId: { value: 'vpc-1', secret: false } } });
    const dependents = [
      now('app', reading('r', '{{RUNTIME:network:vpcId}}', '{{RUNTIME:network:zones.0}}')),
      now('other', reading('r', '{{RUNTIME:network:vpcId}}')),
      now('dead', reading('r', '{{RUNTIME:network:zones}}'), 'destroyed'),
    ];
    expect(brokenDependents('network', kept, dependents)).toEqual({ app: ['zones'] });
    expect(brokenDependents('network', undefined, dependents)).toEqual({ app: ['vpcId', 'zones'], other: ['vpcId'] });
  });
});

import { ownerOf, renamed, requireState, writtenAt } from './state-document.js';

const root = 'urn:pulumi:D1-network-dev::shop::pulumi:pulumi:Stack::shop-D1-network-dev';
const vpc = 'urn:pulumi:D1-network-dev::shop::aws:ec2/vpc:Vpc::main';
const state = {
  version: 3,
  deployment: {
    manifest: { time: '2026-03-01T12:00:00Z' },
    resources: [
      { urn: root, type: 'pulumi:pulumi:Stack' },
      { urn: vpc, type: 'aws:ec2/vpc:Vpc', parent: root, dependencies: [vpc] },
    ],
  },
} as const;

describe('a state from outside', () => {
  it.each<[string, unknown, string]>([
    ['is no object', 'text', 'state'],
    ['has another version', { version: 2, deployment: {} }, 'state.version'],
    ['has no deployment', { version: 3 }, 'state.deployment'],
    ['has no list of resources', { version: 3, deployment: { resources: {} } }, 'state.deployment.resources'],
    [
      'has a resource without a URN',
      { version: 3, deployment: { resources: [{ type: 'x' }] } },
      'state.deployment.resources[0].urn',
    ],
    [
      'has a resource without a type',
      { version: 3, deployment: { resources: [{ urn: vpc }] } },
      'state.deployment.resources[0].type',
    ],
  ])('that %s is refused by the field', (_, value, field) => {
    expect(() => requireState(value)).toThrow(
      expect.objectContaining({ code: 'STATE_INVALID', status: 422, details: { field } }),
    );
  });

  it('says whose it is and when it was written', () => {
    const given = requireState(state);
    expect(ownerOf(given)).toEqual({ stack: 'D1-network-dev', project: 'shop' });
    expect(ownerOf({ version: 3, deployment: {} })).toBeNull();
    expect(writtenAt(given)).toEqual(new Date('2026-03-01T12:00:00Z'));
    expect(writtenAt({ version: 3, deployment: {} })).toBeNull();
  });

  it('takes another name wherever its own stands', () => {
    const to = { stack: 'D2-network-prod', project: 'store' };
    const text = JSON.stringify(renamed(requireState(state), to));
    expect(text).not.toContain('D1-network-dev');
    expect(text).toContain('urn:pulumi:D2-network-prod::store::pulumi:pulumi:Stack::store-D2-network-prod');
    expect(ownerOf(JSON.parse(text) as typeof state)).toEqual(to);
  });

  it('is refused under another name when it holds resources of several stacks', () => {
    const mixed = structuredClone(state) as unknown as { deployment: { resources: { urn: string }[] } };
    mixed.deployment.resources[1]!.urn = 'urn:pulumi:other::shop::aws:ec2/vpc:Vpc::main';
    expect(() => renamed(requireState(mixed), { stack: 'D2-network-prod', project: 'shop' })).toThrow(
      expect.objectContaining({ code: 'STATE_INVALID' }),
    );
  });
});

import { TestCloud } from '../../../../test/fakes/test-cloud.js';
import type { StackState } from '../engine.port.js';
import { createToken } from './create-token.js';
import { settlePending } from './settle-pending.js';

const VPC = 'urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::main';
const SECRET = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'v1:x' };

function stateWith(type: string, resources: unknown[] = []): StackState {
  const resource = { urn: VPC, type: 'aws:ec2/vpc:Vpc', custom: true, inputs: { password: SECRET, size: 1 } };
  return { version: 3, deployment: { resources, pending_operations: [{ resource, type }] } };
}

describe('settlePending', () => {
  it('adopts what the killed run had created, and gives secrets back as secrets', async () => {
    const cloud = new TestCloud();
    const { id } = await cloud.create({
      ...{ urn: VPC, type: 'aws:ec2/vpc:Vpc', preview: false, token: createToken('run-1', VPC, 0) },
      inputs: { password: 'canary', size: 1 },
    });
    const settled = await settlePending(stateWith('creating'), 'run-1', () => cloud);
    expect(settled).toMatchObject({ sentences: [expect.stringContaining(`exists as ${id}`)], needsRefresh: false });
    expect(settled.state.deployment).toEqual({
      resources: [
        expect.objectContaining({
          id,
          outputs: expect.objectContaining({ size: 1, password: expect.objectContaining({ plaintext: '"canary"' }) }),
        }),
      ],
    });
  });

  it('lets the old half of a replacement wait for its deletion', async () => {
    const cloud = new TestCloud();
    await cloud.create({
      ...{ urn: VPC, type: 'aws:ec2/vpc:Vpc', preview: false, inputs: {}, token: createToken('run-1', VPC, 1) },
    });
    const old = { urn: VPC, id: 'vpc-old' };
    const { state } = await settlePending(stateWith('creating', [old]), 'run-1', () => cloud);
    expect(state.deployment['resources']).toMatchObject([{ id: 'vpc-old', delete: true }, { id: 'vpc-1' }]);
  });

  it.each([
    ['creating', () => new TestCloud(), /nothing had been created/, false],
    ['creating', () => undefined, /AWS cannot be asked .* Look for it in the account/, false],
    ['updating', () => new TestCloud(), /its state is read from the cloud/, true],
    ['deleting', () => undefined, /its state is read from the cloud/, true],
  ])('%s: says what became of it', async (kind, providerOf, sentence, needsRefresh) => {
    const settled = await settlePending(stateWith(kind), 'run-1', providerOf);
    expect(settled).toMatchObject({ sentences: [expect.stringMatching(sentence)], needsRefresh });
    expect(settled.state.deployment).not.toHaveProperty('pending_operations');
  });
});

import { aManifest, aStackTemplate, findingsOf, stackTemplates } from '../../../test/factories/manifests.js';
import { Policies, type PolicyRule } from './policies.js';

const policy = (id: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  id,
  code: 'TAG_MISSING',
  severity: 'HIGH',
  remediation: 'Add the tag.',
  check: ({ manifest }) =>
    manifest.deployment.tags?.['owner'] ? [] : [{ message: 'tag owner is missing', location: 'deployment.tags' }],
  ...more,
});

describe('policies (deployments.md 8.4, extension point)', () => {
  it('[POL-W01] stand beside the built-in ones and block by their severity', () => {
    const policies = new Policies();
    policies.register(policy('POL-101'), policy('POL-102', { severity: 'LOW' }));
    const options = { stackTemplates: stackTemplates(aStackTemplate('network')), policies: policies.rules };
    expect(findingsOf(aManifest({ network: {} }), options).map((finding) => finding.ruleId)).toEqual([
      'POL-101',
      'POL-102',
    ]);
    const tagged = aManifest({ network: {} }, { deployment: { tags: { owner: 'ada' } } });
    expect(findingsOf(tagged, options)).toEqual([]);
  });

  it.each(['TAG-1', 'POL-W01', 'POL-101'])('refuse the id %s', (id) => {
    const policies = new Policies();
    policies.register(policy('POL-101'));
    expect(() => policies.register(policy(id))).toThrow(`Policy ${id} needs an id of its own`);
  });
});

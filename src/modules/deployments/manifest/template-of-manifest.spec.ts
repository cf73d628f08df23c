import {
  aStackTemplate,
  anInput,
  initialised,
  BUILT_IN,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import { templateOfManifest } from './template-of-manifest.js';

describe('a deployment as a template (deployments.md 2.5)', () => {
  const { manifest } = initialised({
    template: 'data-platform',
    region: 'eu-west-1',
    regionSecondary: 'eu-central-1',
    pulumiOrg: 'nw-org',
    overrides: {
      environments: { prod: { enabled: true, config: { zone: 'eu-central-1' } } },
      stacks: {
        network: {
          priority: 21,
          config: { azCount: 2, note: 'northwind', list: ['shop', 'my shop'], keep: '{{RUNTIME:aws:secret:note}}' },
          environments: { stage: { enabled: false, config: { owner: '222222222222' } } },
        },
      },
    },
  });
  const document = templateOfManifest(manifest, BUILT_IN.stackTemplates, ['ada@northwind.example']) as {
    readonly environments: Record<string, Record<string, unknown>>;
    readonly stacks: Record<string, Record<string, unknown>>;
    readonly metadata: object;
  };

  it('puts variables where its own facts stood, whole strings only', () => {
    expect(document.stacks['network']).toMatchObject({
      enabled: true,
      priority: 21,
      config: {
        azCount: 2,
        note: '{{ORGANIZATION}}',
        list: ['{{PROJECT_NAME}}', 'my shop'],
        keep: '{{RUNTIME:aws:secret:note}}',
      },
      environments: { stage: { enabled: false, config: { owner: '{{AWS_ACCOUNT_STAGE}}' } } },
    });
    expect(document.stacks['monitoring']).toMatchObject({ config: { alertEmail: '{{USER_EMAIL}}' } });
    const text = JSON.stringify(document);
    for (const own of ['northwind', '111111111111', '333333333333', 'DT3VCA0', 'nw-org', 'shop.northwind.example']) {
      expect(text).not.toContain(own);
    }
  });

  it('has dev on, the others off, accounts and regions open', () => {
    expect(document.environments).toMatchObject({
      dev: { enabled: true, account: '{{AWS_ACCOUNT_DEV}}', region: '{{PRIMARY_REGION}}' },
      stage: { enabled: false, account: '{{AWS_ACCOUNT_STAGE}}', region: '{{PRIMARY_REGION}}' },
      prod: { enabled: false, region: '{{SECONDARY_REGION}}', config: { zone: '{{SECONDARY_REGION}}' } },
    });
    expect(document.metadata).not.toHaveProperty('templateHash');
  });

  it('leaves secrets out, also as references', () => {
    const secretive = stackTemplates(aStackTemplate('network', { inputs: { note: anInput({ secret: true }) } }));
    const { stacks } = templateOfManifest(manifest, secretive, []) as typeof document;
    expect(stacks['network']?.['config']).toEqual(expect.not.objectContaining({ note: expect.anything() as unknown }));
  });
});

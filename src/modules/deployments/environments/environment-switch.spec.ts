import {
  aManifest,
  anInput,
  aStackTemplate,
  initialised,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import { withDisabled, withEnabled } from './environment-switch.js';

const account = '222222222222';

describe('switching an environment', () => {
  const { manifest } = initialised({ template: 'minimal' });
  const none = stackTemplates();

  it.each([
    ['stage', {}, 'us-east-1'],
    ['prod', {}, 'us-west-2'],
    ['prod', { region: 'eu-west-1' }, 'eu-west-1'],
  ] as const)('[9.2] makes %s with %j in %s', (environment, more, region) => {
    const made = withEnabled(manifest, environment, { account, ...more }, none);
    expect(made.spec.environments[environment]).toEqual({ enabled: true, account, region });
    expect(manifest.spec.environments[environment]).toBeUndefined();
  });

  it('[9.2] gives a new environment a secondary region other than its own where stacks ask for one', () => {
    const templates = stackTemplates(
      aStackTemplate('network', { inputs: { secondaryRegion: anInput({ default: 'us-west-2' }) } }),
    );
    const made = withEnabled(manifest, 'prod', { account }, templates);
    expect(made.spec.environments.prod?.config).toEqual({ secondaryRegion: 'us-east-1' });
  });

  it('[9.2] wants an account for an environment that the manifest lacks', () => {
    expect(() => withEnabled(manifest, 'stage', {}, none)).toThrow(
      expect.objectContaining({
        code: 'ENVIRONMENT_INCOMPLETE',
        details: expect.objectContaining({ field: 'account' }),
      }),
    );
  });

  it('[9.2] switches a declared one and keeps its place', () => {
    const { manifest: whole } = initialised({ template: 'default' });
    const on = withEnabled(whole, 'stage', {}, none);
    expect(on.spec.environments.stage).toEqual({ ...whole.spec.environments.stage, enabled: true });
    expect(withDisabled(on, 'stage')).toEqual(whole);
    for (const field of [{ account: '999999999999' }, { region: 'eu-west-1' }]) {
      expect(() => withEnabled(whole, 'stage', field, none)).toThrow(
        expect.objectContaining({ code: 'RESOURCE_CONFLICT', status: 409 }),
      );
    }
  });

  it('[9.2] sets the flag of the stacks that are named, and takes it from the others', () => {
    const start = aManifest({
      network: {},
      dns: { environments: { stage: { enabled: false, config: { a: 1 } } } },
      iam: {},
    });
    const { stacks } = withEnabled(start, 'stage', { account, stacks: ['network', 'dns'] }, none).spec;
    expect(stacks['network']?.environments).toBeUndefined();
    expect(stacks['dns']?.environments?.stage).toEqual({ enabled: true, config: { a: 1 } });
    expect(stacks['iam']?.environments?.stage).toEqual({ enabled: false });
    expect(() => withEnabled(start, 'stage', { account, stacks: ['storage'] }, none)).toThrow(
      expect.objectContaining({ code: 'VALIDATION_INVALID_TEMPLATE' }),
    );
  });

  it('[9.2] never disables dev, nor what is not there', () => {
    expect(() => withDisabled(manifest, 'dev')).toThrow(expect.objectContaining({ code: 'DEV_REQUIRED', status: 422 }));
    expect(() => withDisabled(manifest, 'prod')).toThrow(expect.objectContaining({ code: 'ENVIRONMENT_NOT_FOUND' }));
  });
});

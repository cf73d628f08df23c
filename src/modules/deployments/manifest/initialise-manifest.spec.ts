import { BUILT_IN, initialised, initInputs } from '../../../../test/factories/manifests.js';
import type { ManifestTemplate } from '../../templates/manifest-template.js';
import { configFiles } from './config-files.js';
import { completeInputs } from './init-inputs.js';
import type { AppError } from '../../../shared/errors/app-error.js';

const refusalOf = (action: () => unknown): AppError => {
  try {
    action();
  } catch (error) {
    return error as AppError;
  }
  throw new RangeError('nothing was refused');
};

describe('built-in templates (deployments.md 2.4, stacks.md 6.2 and 8)', () => {
  it.each([
    ['minimal', 3, ['dev'], [['dns', 'network'], ['security']]],
    [
      'microservices',
      24,
      ['dev', 'stage', 'prod'],
      [
        ['network'],
        ['security'],
        ['secrets', 'containers-images', 'services-ecr'],
        ['authentication', 'services-ecs'],
        ['services-api'],
      ],
    ],
    [
      'data-platform',
      21,
      ['dev', 'stage', 'prod'],
      [['network'], ['security'], ['secrets', 'storage'], ['database-rds'], ['compute-lambda'], ['monitoring']],
    ],
    [
      'default',
      48,
      ['dev', 'stage', 'prod'],
      [
        ['dns', 'network'],
        ['security'],
        ['secrets', 'storage', 'containers-images', 'services-ecr'],
        ['authentication', 'database-rds', 'services-eks'],
        ['containers-apps', 'services-ecs', 'compute-ec2', 'compute-lambda'],
        ['services-api'],
        ['monitoring'],
      ],
    ],
  ])('%s', (template, files, environments, layers) => {
    const { manifest, info } = initialised({ template });
    expect(info.layers).toEqual(layers);
    expect(Object.keys(manifest.spec.environments)).toEqual(environments);
    expect(manifest.spec.environments.dev?.enabled).toBe(true);
    expect(configFiles(manifest, BUILT_IN.stackTemplates, 1)).toHaveLength(files);
  });

  it('carries only what differs from the stack templates', () => {
    const configs = (template: string): unknown =>
      Object.fromEntries(
        Object.entries(initialised({ template }).manifest.spec.stacks).flatMap(([name, { config }]) =>
          config ? [[name, config]] : [],
        ),
      );
    expect(configs('minimal')).toEqual({ security: { workloads: [] } });
    expect(configs('data-platform')).toEqual({
      security: { workloads: ['lambda'] },
      storage: { buckets: expect.arrayContaining(['lake']), enableEfs: false },
      'compute-lambda': { enableDataPipeline: true },
      monitoring: { alertEmail: 'ada@northwind.example' }, // a variable in a stack template has no other moment
    });
  });

  it('gives the same manifest, byte for byte, for the same inputs', () => {
    const once = initialised({ template: 'default', tags: { b: '1', a: '2' } });
    const again = initialised({ template: 'default', tags: { b: '1', a: '2' } });
    expect(JSON.stringify(again.manifest)).toBe(JSON.stringify(once.manifest));
    expect(again.contentHash).toBe(once.contentHash);
    expect(initialised({ template: 'default', tags: { b: '1' } }).contentHash).not.toBe(once.contentHash);
  });
});

describe('inputs (deployments.md 3.1, 2.3)', () => {
  it('fills in the defaults', () => {
    expect(completeInputs(initInputs({ template: undefined, accounts: { dev: '111111111111' } }))).toMatchObject({
      template: 'default',
      region: 'us-east-1',
      regionSecondary: 'us-west-2',
      accounts: { dev: '111111111111', stage: '111111111111', prod: '111111111111' },
      pulumiOrg: 'northwind',
      description: 'northwind shop (default)',
      team: 'infrastructure',
      costCenter: 'engineering',
    });
  });

  it('takes a template variable where its own field is not given, the field first', () => {
    const variables = { PRIMARY_REGION: 'eu-west-1', TEAM: 'payments', AWS_ACCOUNT_PROD: '444444444444' };
    const inputs = completeInputs(initInputs({ variables, team: 'core', accounts: { dev: '111111111111' } }));
    expect(inputs).toMatchObject({ region: 'eu-west-1', team: 'core', accounts: { prod: '444444444444' } });
  });

  it.each([
    ['organization', { organization: undefined }, 'VALIDATION_REQUIRED_FIELD'],
    ['organization', { organization: '<x>' }, 'VALIDATION_INVALID_FORMAT'],
    ['project', { project: '!!!' }, 'NAME_EMPTY_AFTER_SANITIZE'],
    ['domain', { domain: 'localhost' }, 'VALIDATION_INVALID_FORMAT'],
    ['domain', { domain: 7 }, 'VALIDATION_INVALID_FORMAT'],
    ['accounts.dev', { accounts: {} }, 'VALIDATION_REQUIRED_FIELD'],
    ['accounts.prod', { accounts: { dev: '111111111111', prod: '12' } }, 'INVALID_ACCOUNT_ID'],
    ['accounts.staging', { accounts: { dev: '111111111111', staging: '111111111111' } }, 'VALIDATION_UNKNOWN_FIELD'],
    ['region', { region: 'us-east-9' }, 'INVALID_REGION'],
    ['regions.prod', { regions: { prod: 'nowhere' } }, 'INVALID_REGION'],
    ['pulumiOrg', { pulumiOrg: '-x' }, 'VALIDATION_INVALID_FORMAT'],
    ['tags.a', { tags: { a: 1 } }, 'VALIDATION_INVALID_FORMAT'],
    ['stacksDisabled', { stacksEnabled: ['dns'], stacksDisabled: ['dns'] }, 'VALIDATION_INVALID_FORMAT'],
    ['variables.AZ_COUNT_DEV', { variables: { AZ_COUNT_DEV: '3' } }, 'VALIDATION_INVALID_FORMAT'],
    ['variables.ORGANIZATION', { variables: { ORGANIZATION: 'x' } }, 'VALIDATION_INVALID_FORMAT'],
    ['variables.lower', { variables: { lower: 'x' } }, 'VALIDATION_INVALID_FORMAT'],
    ['overrides.stacks.network', { overrides: { stacks: { network: 'x' } } }, 'VALIDATION_INVALID_FORMAT'],
    ['overrides.deployment.id', { overrides: { deployment: { id: 'DOTHER0' } } }, 'VALIDATION_UNKNOWN_FIELD'],
  ])('%s in %j is a 400', (field, given, code) => {
    const error = refusalOf(() => initialised(given as never));
    expect([error.status, error.code]).toEqual([400, code]);
    expect(error.details).toEqual([expect.objectContaining({ field })]);
  });

  it('names every wrong field at once', () => {
    const error = refusalOf(() => initialised({ domain: 'x', region: 'y' }));
    expect(error.code).toBe('VALIDATION_FAILED');
    expect((error.details as readonly { field: string }[]).map(({ field }) => field)).toEqual(['domain', 'region']);
  });

  it.each([{ stacksEnabled: ['ghost'] }, { stacksDisabled: ['ghost'] }, { overrides: { stacks: { ghost: {} } } }])(
    'TPL-007: %j names the unknown stack',
    (given) => {
      const error = refusalOf(() => initialised(given));
      expect([error.status, error.code]).toEqual([422, 'VALIDATION_INVALID_TEMPLATE']);
      expect(error.details).toMatchObject({ stacks: ['ghost'], errors: [{ ruleId: 'TPL-007', stack: 'ghost' }] });
    },
  );
});

describe('the manifest', () => {
  it('enables only the named stacks, or all but the named ones', () => {
    const enabled = (given: Parameters<typeof initialised>[0]): string[] =>
      Object.entries(initialised(given).manifest.spec.stacks).flatMap(([name, block]) => (block.enabled ? [name] : []));
    expect(enabled({ stacksEnabled: ['network'] })).toEqual(['network']);
    expect(enabled({ stacksDisabled: ['dns'] })).toEqual(['network', 'security']);
  });

  it('puts regions and accounts where the template says, `regions` first', () => {
    const { manifest } = initialised({
      template: 'default',
      region: 'eu-west-1',
      regionSecondary: 'eu-central-1',
      regions: { stage: 'eu-north-1' },
    });
    const { dev, stage, prod } = manifest.spec.environments;
    expect([dev?.region, stage?.region, prod?.region]).toEqual(['eu-west-1', 'eu-north-1', 'eu-central-1']);
    expect([dev?.account, prod?.account]).toEqual(['111111111111', '333333333333']);
    expect([dev?.config, prod?.config]).toEqual([
      { secondaryRegion: 'eu-central-1' },
      { secondaryRegion: 'eu-west-1' },
    ]);
  });

  it('writes VPC_CIDR, AZ_COUNT and INSTANCE_CLASS of an environment (spec README 40, 60)', () => {
    const variables = { VPC_CIDR_PROD: '10.60.0.0/16', AZ_COUNT_PROD: 2, INSTANCE_CLASS_STAGE: 'db.t3.large' };
    const { stacks } = initialised({ template: 'default', variables }).manifest.spec;
    expect(stacks['network']?.environments).toEqual({ prod: { config: { vpcCidr: '10.60.0.0/16', azCount: 2 } } });
    expect(stacks['database-rds']?.environments).toEqual({ stage: { config: { instanceClass: 'db.t3.large' } } });
  });

  it('merges overrides deeply; null removes; identity stays', () => {
    const overrides = {
      stacks: { network: { config: { vpcCidr: '10.50.0.0/16' } }, security: { config: { workloads: ['ecs'] } } },
      environments: { dev: { config: { logRetentionDays: 14 } } },
      deployment: { costCenter: null, tags: { a: '1' } },
    };
    const { manifest } = initialised({ overrides });
    expect(manifest.spec.stacks['network']).toMatchObject({
      enabled: true,
      priority: 20,
      config: { vpcCidr: '10.50.0.0/16' },
    });
    expect(manifest.spec.stacks['security']?.config).toEqual({ workloads: ['ecs'] });
    expect(manifest.spec.environments.dev).toMatchObject({ region: 'us-east-1', config: { logRetentionDays: 14 } });
    expect(manifest.deployment).toMatchObject({ id: 'DT3VCA0', tags: { a: '1' } });
    expect(manifest.deployment).not.toHaveProperty('costCenter');
  });

  it('INIT-W01: says which environment or variable it ignores', () => {
    const { warnings, manifest } = initialised({
      overrides: { environments: { prod: { enabled: true } } },
      variables: { VPC_CIDR_STAGE: '10.9.0.0/16', INSTANCE_CLASS_DEV: 'db.t3.large' },
    });
    expect(warnings.map(({ ruleId, location }) => [ruleId, location])).toEqual([
      ['INIT-W01', 'variables.VPC_CIDR_STAGE'],
      ['INIT-W01', 'variables.INSTANCE_CLASS_DEV'],
      ['INIT-W01', 'overrides.environments.prod'],
    ]);
    expect(manifest.spec.environments).not.toHaveProperty('prod');
  });

  it('says what names become', () => {
    const { warnings } = initialised({ organization: 'Northwind Labs' });
    expect(warnings).toEqual([expect.objectContaining({ details: { raw: 'Northwind Labs', slug: 'northwind-labs' } })]);
  });

  it('refuses a cyclic override with its closed path and leaves nothing half done', () => {
    const error = refusalOf(() => initialised({ overrides: { stacks: { network: { dependencies: ['security'] } } } }));
    expect([error.status, error.code]).toEqual([422, 'VALIDATION_CIRCULAR_DEPENDENCY']);
    expect(error.message).toContain('network → security → network');
    expect(error.details).toMatchObject({
      cycle: ['network', 'security', 'network'],
      affectedStacks: ['network', 'security'],
      errors: [{ ruleId: 'DEP-004' }],
    });
  });

  it('COD-001: names exactly the stacks whose program is not there, and the way out', () => {
    const context = { isProgramPresent: (name: string) => ['dns', 'network', 'security'].includes(name) } as never;
    const error = refusalOf(() => initialised({ template: 'data-platform' }, context));
    expect([error.status, error.code]).toEqual([422, 'VALIDATION_INVALID_TEMPLATE']);
    const missing = ['secrets', 'storage', 'database-rds', 'compute-lambda', 'monitoring'];
    expect(error.details).toMatchObject({
      stacks: missing,
      errors: missing.map((stack) => ({ code: 'STACK_CODE_NOT_FOUND', stack })),
    });
    expect(error.message).toContain('stacksEnabled: [network, security]');
    expect(
      initialised({ template: 'data-platform', stacksEnabled: ['network', 'security'] }, context).info.enabledStacks,
    ).toBe(2);
  });
});

describe('template variables (deployments.md 2.3)', () => {
  const minimal = BUILT_IN.manifestTemplates.get('minimal') as ManifestTemplate;
  const withConfig = (
    config: Record<string, unknown>,
    variables: ManifestTemplate['variables'] = {},
  ): ManifestTemplate => ({
    ...minimal,
    variables,
    stacks: {
      network: { enabled: true, config, environments: { dev: { config: { note: '{{environment}} {{env.region}}' } } } },
    },
  });
  const networkOf = (template: ManifestTemplate, variables = {}) =>
    initialised({ variables }, { template }).manifest.spec.stacks['network'];

  it('renders once, types whole values, interpolates inside text', () => {
    const template = withConfig(
      {
        whole: '{{COUNT}}',
        text: '{{PROJECT_NAME}}-{{COUNT}}',
        alias: '{{deployment.org}}',
        once: '{{TRICKY}}',
        runtime: '{{RUNTIME:aws:account:id}}',
        literal: '\\{{COUNT}}',
      },
      { COUNT: { type: 'number', required: false, default: 3 } },
    );
    const stack = networkOf(template, { TRICKY: 'a {{RUNTIME:env:CLOUD_X}}' });
    expect(stack?.config).toEqual({
      whole: 3,
      text: 'shop-3',
      alias: 'northwind',
      once: 'a {{RUNTIME:env:CLOUD_X}}',
      runtime: '{{RUNTIME:aws:account:id}}',
      literal: '\\{{COUNT}}',
    });
    expect(stack?.environments).toEqual({ dev: { config: { note: 'dev us-east-1' } } });
  });

  it('TPL-010: refuses a variable without a value', () => {
    const error = refusalOf(() => networkOf(withConfig({ a: '{{NOBODY}}' })));
    expect(error.code).toBe('MANIFEST_INVALID');
    expect(error.details).toMatchObject({
      errors: [{ ruleId: 'TPL-010', location: 'stacks.network.config.a' }, { ruleId: 'TPL-010' }],
    });
  });

  it('demands required variables and their types', () => {
    const template = withConfig({ a: '{{SIZE}}' }, { SIZE: { type: 'number', required: true } });
    expect(refusalOf(() => networkOf(template))).toMatchObject({ code: 'VALIDATION_REQUIRED_FIELD', status: 400 });
    expect(refusalOf(() => networkOf(template, { SIZE: 'big' }))).toMatchObject({ code: 'VALIDATION_INVALID_FORMAT' });
    expect(networkOf(template, { SIZE: 4 })?.config).toEqual({ a: 4 });
  });
});

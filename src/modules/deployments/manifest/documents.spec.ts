import { parse } from 'yaml';
import {
  aManifest,
  anInput,
  aStackTemplate,
  BUILT_IN,
  initialised,
  stackTemplates,
} from '../../../../test/factories/manifests.js';
import { changeList } from './change-list.js';
import { readConfigFile, writeConfigFile } from './config-file.js';
import { configFiles, requireConfig } from './config-files.js';
import { replaceManifest } from './replace-manifest.js';
import { mapSecrets, maskSecrets, restoreMasked } from './secrets.js';
import { validateManifest } from './validation.js';

const metadata = {
  deploymentId: 'DT3VCA0',
  organization: 'Northwind "Labs"',
  project: 'shop',
  pulumiOrg: 'northwind',
  domain: 'shop.example.com',
  environment: 'dev',
  region: 'us-east-1',
  accountId: '111111111111',
  stackName: 'network',
  layer: 2,
  dependencies: ['dns'],
};

describe('config file (deployments.md 3.6)', () => {
  it('has metadata in fixed order, parameters by name, the provider last', () => {
    const values = {
      b: true,
      a: 'line\nbreak: {{ENV:x}}',
      n: 2,
      list: ["it's", 1],
      none: null,
      deploymentId: 'DT3VCA0',
      pw: 'hunter2',
    };
    expect(writeConfigFile({ metadata, values, secretKeys: ['pw'] }, 7)).toBe(
      [
        '# generated from manifest revision 7; edits are overwritten',
        'network:deploymentId: "DT3VCA0"',
        'network:organization: "Northwind \\"Labs\\""',
        'network:project: "shop"',
        'network:pulumiOrg: "northwind"',
        'network:domain: "shop.example.com"',
        'network:environment: "dev"',
        'network:region: "us-east-1"',
        'network:accountId: "111111111111"',
        'network:stackName: "network"',
        'network:layer: "2"',
        `network:dependencies: '["dns"]'`,
        'network:a: "line\\nbreak: {{ENV:x}}"',
        'network:b: "true"',
        `network:list: '["it''s",1]'`,
        'network:n: "2"',
        'network:pw: "***"',
        `aws:allowedAccountIds: '["111111111111"]'`,
        'aws:region: "us-east-1"',
        '',
      ].join('\n'),
    );
  });

  it('omits empty dependencies', () => {
    expect(
      writeConfigFile({ metadata: { ...metadata, dependencies: [] }, values: {}, secretKeys: [] }, 1),
    ).not.toContain('dependencies');
  });

  it('reads back what it wrote, JSON where it is JSON', () => {
    const values = {
      text: 'a: b',
      list: [1, { x: 'y' }],
      map: { k: 'v' },
      runtime: '{{RUNTIME:dns:zone}}',
      port: 80,
      pw: 'x',
    };
    const read = readConfigFile(writeConfigFile({ metadata, values, secretKeys: ['pw'] }, 1));
    expect(read.metadata).toEqual(metadata);
    expect(read.values).toEqual({ ...values, port: '80', pw: '***' });
    expect(read.secretKeys).toEqual(['pw']);
  });

  it('refuses what is no flat map of texts', () => {
    expect(() => readConfigFile('a: {b: c}')).toThrow(expect.objectContaining({ code: 'VALIDATION_INVALID_FORMAT' }));
  });

  it('3.5: one per enabled stack and declared environment, also where it is off', () => {
    const { manifest } = initialised({
      template: 'microservices',
      stacksDisabled: ['services-api'],
      overrides: { stacks: { 'services-ecs': { environments: { prod: { enabled: false } } } } },
    });
    const files = configFiles(manifest, BUILT_IN.stackTemplates, 3);
    expect(files).toHaveLength(7 * 3);
    const of = (path: string) => parse(files.find((file) => file.path === path)?.text ?? '') as Record<string, string>;
    expect(of('config/services-ecs.dev.yaml')['services-ecs:layer']).toBe('4');
    expect(of('config/services-ecs.prod.yaml')).not.toHaveProperty('services-ecs:layer');
    expect(of('config/network.prod.yaml')).toMatchObject({
      'network:vpcCidr': '10.2.0.0/16',
      'aws:region': 'us-west-2',
    });
  });

  it.each([
    ['ghost', 'dev', 'STACK_NOT_IN_MANIFEST'],
    ['network', 'prod', 'ENVIRONMENT_NOT_FOUND'],
  ] as const)('3.5: %s in %s is %s', (stack, environment, code) => {
    const { manifest } = initialised();
    expect(() => requireConfig(manifest, BUILT_IN.stackTemplates, stack, environment)).toThrow(
      expect.objectContaining({ code, status: 404 }),
    );
  });
});

describe('secrets and changes', () => {
  const templates = stackTemplates(
    aStackTemplate('db', { inputs: { password: anInput({ secret: true }), size: anInput() } }),
  );
  const withSecrets = (password: string) =>
    aManifest(
      { db: { config: { password, size: 's' }, environments: { dev: { config: { password: '{{SECRET:db}}' } } } } },
      { spec: { environments: { dev: { config: { password: 'env-secret' } } } } },
    );

  it('masks literal secrets in every tier, references stay', () => {
    const masked = maskSecrets(withSecrets('hunter2'), templates);
    expect(masked.spec.stacks['db']?.config).toEqual({ password: '***', size: 's' });
    expect(masked.spec.stacks['db']?.environments?.dev?.config).toEqual({ password: '{{SECRET:db}}' });
    expect(masked.spec.environments.dev?.config).toEqual({ password: '***' });
  });

  it('can be sealed and opened again', () => {
    const manifest = withSecrets('hunter2');
    const sealed = mapSecrets(manifest, templates, (value) => `sealed ${String(value)}`);
    expect(mapSecrets(sealed, templates, (value) => String(value).slice(7))).toEqual(manifest);
  });

  it('takes a mask that comes back as unchanged', () => {
    const before = withSecrets('hunter2');
    expect(restoreMasked(maskSecrets(before, templates), before, templates)).toEqual(before);
  });

  it('lists changed paths, and that a secret changed but not what it is', () => {
    const before = withSecrets('hunter2');
    const after = aManifest(
      { db: { config: { password: 'hunter3', size: 'l', tags: { a: [1] } } } },
      {
        deployment: { domain: 'new.example' },
        spec: { environments: { dev: { config: { password: 'env-secret' } } } },
      },
    );
    const changes = changeList(before, after, templates);
    expect(changes).toEqual([
      'deployment.domain: "shop.northwind.example" → "new.example"',
      'stacks.db.config.password: *** → ***',
      'stacks.db.config.size: "s" → "l"',
      'stacks.db.config.tags.a: (none) → [1]',
      'stacks.db.environments.dev.config.password: "{{SECRET:db}}" → (none)',
    ]);
    expect(changeList(before, before, templates)).toEqual([]);
  });
});

describe('accepted shapes (deployments.md 3.3)', () => {
  const canonical = aManifest({ a: { environments: { dev: { config: { x: 1 } }, prod: { config: { x: 2 } } } } });
  const options = { stackTemplates: stackTemplates(aStackTemplate('a')) };
  const { deployment, spec } = canonical;
  const short = { ...spec.stacks['a'], environments: undefined, config: { dev: { x: 1 }, prod: { x: 2 } } };

  it.each<[string, unknown]>([
    ['(a) spec form', canonical],
    ['(b) sections at top level', { version: '3.1', deployment, ...spec, metadata: {} }],
    [
      '(c) flat facts',
      {
        version: '3.1',
        deployment_id: deployment.id,
        organization: deployment.org,
        project: deployment.project,
        domain: deployment.domain,
        pulumiOrg: deployment.pulumiOrg,
        template: 'custom',
        created_at: deployment.createdAt,
        environments: { dev: { enabled: true, account_id: '111111111111', region: 'us-east-1' } },
        stacks: spec.stacks,
      },
    ],
    [
      '(d) config per environment',
      { ...canonical, spec: { ...spec, stacks: { a: JSON.parse(JSON.stringify(short)) as unknown } } },
    ],
    [
      '(e), (f) lists of blocks',
      {
        ...canonical,
        spec: {
          environments: [{ name: 'dev', ...spec.environments.dev }],
          stacks: [{ name: 'a', ...spec.stacks['a'] }],
        },
      },
    ],
    ['YAML or JSON text', JSON.stringify(canonical)],
  ])('%s', (_shape, given) => {
    const { manifest, errors } = validateManifest(given, options);
    expect(errors).toEqual([]);
    expect(manifest).toEqual(canonical);
  });

  it('replaces a manifest as a whole but for its identity', () => {
    const edited = { ...canonical, deployment: { ...deployment, domain: 'new.example' } };
    expect(replaceManifest(canonical, JSON.stringify(edited), options).deployment.domain).toBe('new.example');
    const other = { ...canonical, deployment: { ...deployment, org: 'other' } };
    expect(() => replaceManifest(canonical, other, options)).toThrow(
      expect.objectContaining({
        status: 400,
        details: [expect.objectContaining({ field: 'manifest.deployment.org' })],
      }),
    );
    expect(() => replaceManifest(canonical, 'a: [', options)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});

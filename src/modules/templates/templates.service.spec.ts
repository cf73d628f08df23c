import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../shared/kernel/paths.js';
import { templatesRig } from '../../../test/fakes/templates-rig.js';
import { aStackTemplate, anInput, stackTemplates } from '../../../test/factories/manifests.js';
import { applyRules } from './finding.js';
import { readManifestTemplate } from './manifest-template.document.js';
import { loadTemplates } from './template-files.js';
import { toTemplateDto, toTemplateItemDto } from './template.dto.js';
import { TEMPLATE_RULES } from './template-rules.js';
import { SEES_ALL } from './templates.service.js';
import { readYaml } from './yaml-text.js';

const service = templatesRig().templates;
const get = (name: string) => service.detailOf(service.get(name, SEES_ALL));
const read = (document: unknown) =>
  readManifestTemplate(document, { type: 'custom', fallbackName: 'mine', content: '' });

/** Severity of every template rule (deployments.md 8.2). */
const SEVERITIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['002', '003', '004'].map((rule) => [`TPL-${rule}`, 'CRITICAL'])),
  ...Object.fromEntries(['005', '006', '007', '008', '009', '010'].map((rule) => [`TPL-${rule}`, 'HIGH'])),
  'TPL-011': 'MEDIUM',
  'TPL-W01': 'LOW',
};

describe('template rules (deployments.md 8.2)', () => {
  const dev = { enabled: true };
  it.each<[string, unknown]>([
    ['TPL-002', null],
    ['TPL-002', {}],
    ['TPL-003', { name: 'x' }],
    ['TPL-004', { stacks: 'network' }],
    ['TPL-004', { stacks: { network: 'on' } }],
    ['TPL-004', { stacks: {}, colour: 'red' }],
    ['TPL-005', { version: '2.x', stacks: {} }],
    ['TPL-005', { version: 'latest', stacks: {} }],
    ['TPL-006', { stacks: { network: { enabled: true } } }],
    ['TPL-006', { stacks: { network: { dependencies: [] } } }],
    ['TPL-009', { environments: { dev, qa: dev }, stacks: {} }],
    ['TPL-009', { environments: ['stage'], stacks: [] }],
    ['TPL-009', { environments: { dev: { enabled: false } }, stacks: {} }],
  ])('[%s] refuses %j', (rule, document) => {
    const { template, findings } = read(document);
    expect(template).toBeUndefined();
    const found = findings.filter(({ ruleId }) => ruleId === rule);
    expect(new Set(found.map(({ severity }) => severity))).toEqual(new Set([SEVERITIES[rule]]));
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['TPL-007', { stacks: ['ghost'] }, 'stacks.ghost'],
    ['TPL-008', { stacks: { app: { enabled: true, dependencies: ['network'] } } }, 'stacks.app.dependencies'],
    [
      'TPL-008',
      { stacks: { app: { enabled: true, dependencies: [] }, network: { enabled: false, dependencies: [] } } },
      'stacks.app.dependencies',
    ],
    [
      'TPL-008',
      { stacks: { app: { enabled: true, dependencies: [] }, network: { enabled: true, dependencies: ['app'] } } },
      'stacks.app.dependencies',
    ],
    ['TPL-010', { stacks: [{ name: 'network', config: { a: ['{{NOBODY}}'] } }] }, 'stacks.network.config.a[0]'],
    ['TPL-011', { stacks: ['network'], defaultConfig: { network: { count: 'x' } } }, 'stacks.network.config.count'],
    ['TPL-W01', { stacks: [{ name: 'network', enabled: false }] }, 'stacks.network'],
    ['TPL-W01', { stacks: [] }, 'stacks'],
  ])('[%s] finds %j', (rule, document, location) => {
    const { template } = read(document);
    const context = {
      template: template as NonNullable<typeof template>,
      stackTemplates: stackTemplates(
        aStackTemplate('network', { inputs: { count: anInput({ type: 'number' }) } }),
        aStackTemplate('app', { dependencies: ['network'] }),
      ),
    };
    const found = applyRules(TEMPLATE_RULES, context).filter((finding) => finding.ruleId === rule);
    expect(found.map((finding) => [finding.location, finding.severity])).toEqual([[location, SEVERITIES[rule]]]);
  });

  it.each([
    ['stacks: [network', 1, 'line 1'],
    ['name: a\nname: b\n', 2, 'line 2'],
    ['name: !secret x\n', 1, 'line 1'],
  ])('[TPL-001] says where %j is no YAML', (text, line, location) => {
    expect(readYaml(text).findings[0]).toMatchObject({
      ruleId: 'TPL-001',
      severity: 'CRITICAL',
      location: expect.stringContaining(location) as unknown,
      details: { line },
    });
  });

  it('[TPL-001] refuses an alias bomb', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
    ];
    expect(readYaml(bomb.join('\n')).findings).toMatchObject([{ ruleId: 'TPL-001' }]);
  });

  it('reads lists, aliases and old format versions', () => {
    const { template } = read({
      template_name: 'mine',
      version: '4.1',
      environments: ['dev', 'prod'],
      stacks: ['network'],
    });
    expect(template).toMatchObject({
      name: 'mine',
      displayName: 'Mine',
      environments: { dev: { enabled: true }, prod: { enabled: false, region: '{{SECONDARY_REGION}}' } },
      stacks: { network: { enabled: true } },
    });
  });
});

describe('loading', () => {
  it('names all problems of all files in one message', () => {
    const root = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      cpSync(join(PROJECT_ROOT, 'templates'), root, { recursive: true });
      writeFileSync(join(root, 'config', 'dns.yaml'), 'name: dns\nname: dns\n');
      const network = readFileSync(join(root, 'config', 'network.yaml'), 'utf8');
      writeFileSync(join(root, 'config', 'network.yaml'), network.replace('priority: 20', 'priority: 2000'));
      writeFileSync(join(root, 'default', 'minimal.yaml'), 'stacks: [ghost]\n');
      const load = (): unknown => loadTemplates(root);
      for (const text of [
        'dns.yaml: TPL-001',
        'config/network.yaml: STK-003 priority',
        'default/minimal.yaml: TPL-007 stacks.ghost',
      ]) {
        expect(load).toThrow(text);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('names a missing folder', () => {
    expect(() => loadTemplates('/nowhere')).toThrow('folder config is missing');
  });
});

describe('TemplatesService', () => {
  it('lists built-in templates in their order, filtered', () => {
    expect(service.list({}, SEES_ALL).map(({ name }) => name)).toEqual([
      'default',
      'minimal',
      'microservices',
      'data-platform',
    ]);
    expect(service.list({ stack: 'dns' }, SEES_ALL).map(({ name }) => name)).toEqual(['default', 'minimal']);
    expect(service.list({ search: 'LAKE' }, SEES_ALL).map(({ name }) => name)).toEqual(['data-platform']);
    expect(service.list({ type: 'custom' }, SEES_ALL)).toEqual([]);
  });

  it('tells layers, what is required, and the critical path', () => {
    const { stacks, deploymentTime } = get('minimal');
    expect(stacks.map(({ name, layer, required }) => [name, layer, required])).toEqual([
      ['dns', 1, false],
      ['network', 1, true],
      ['security', 2, false],
    ]);
    expect(deploymentTime).toBe(600);
    expect(get('default').deploymentTime).toBe(2340); // deployments.md 6.6-1
  });

  it('shows a template as api.md 3.7 has it', () => {
    const detail = get('microservices');
    expect(toTemplateItemDto(detail.template)).toMatchObject({
      name: 'microservices',
      type: 'built-in',
      estimatedResources: 140,
    });
    expect(toTemplateDto(detail)).toMatchObject({
      version: '1.0.0',
      stacks: expect.arrayContaining([
        expect.objectContaining({ name: 'services-api', layer: 5, required: false }),
      ]) as unknown,
      defaultConfig: { security: { workloads: ['ecs', 'apigateway'] } },
      environments: { dev: { enabled: true }, stage: { enabled: false }, prod: { enabled: false } },
      variables: [],
      createdBy: 'system',
      revision: 1,
      content: expect.stringContaining('name: microservices') as unknown,
    });
  });

  it('finds every built-in template valid', () => {
    for (const { name } of service.list({}, SEES_ALL)) {
      expect(service.validate(service.get(name, SEES_ALL))).toMatchObject({ valid: true, errors: [], warnings: [] });
    }
    expect(
      service.validate(service.get('minimal', SEES_ALL)).checks.map(({ name, status }) => `${name} ${status}`),
    ).toEqual([
      'stack-definitions passed',
      'dependencies passed',
      'configuration passed',
      'variables passed',
      'syntax passed',
    ]);
  });

  it('answers 404 for a name, and 422 when something is to be made from it', async () => {
    expect(() => get('ghost')).toThrow(expect.objectContaining({ status: 404 }));
    await expect(service.forInitialising({ template: 'ghost', organization: 'acme' })).rejects.toMatchObject({
      status: 422,
      code: 'VALIDATION_INVALID_TEMPLATE',
    });
    expect((await service.forInitialising({ template: 'minimal', organization: 'acme' })).name).toBe('minimal');
  });
});

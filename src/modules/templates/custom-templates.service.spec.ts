import { initInputs } from '../../../test/factories/manifests.js';
import { aPlatformAdmin, aPrincipal, aPrincipalWith } from '../../../test/factories/principals.js';
import { FakeTemplatesRepository } from '../../../test/fakes/fake-templates.repository.js';
import { templatesRig, type TemplatesRig } from '../../../test/fakes/templates-rig.js';
import type { Principal } from '../../shared/http/principal.js';
import { canonicalJson } from '../../shared/kernel/canonical-json.js';
import { initialiseManifest } from '../deployments/manifest/initialise-manifest.js';
import type { ManifestTemplate } from './manifest-template.js';

const ada = aPrincipal();
const other = aPrincipalWith('admin', 'umbrella');
const platform = aPlatformAdmin();
const namesFor = (rig: TemplatesRig, principal: Principal): string[] =>
  rig.templates.list({ type: 'custom' }, rig.templates.viewerOf(principal)).map(({ name }) => name);
const findingsOf = (error: unknown): [string, string][] =>
  (error as { details: { errors: { ruleId: string; message: string }[] } }).details.errors.map((finding) => [
    finding.ruleId,
    finding.message,
  ]);

describe('making a custom template (deployments.md 2.5)', () => {
  it('fills dependencies in from the stack templates and sums the estimates', async () => {
    const { custom, events } = templatesRig();
    const { template } = await custom.create(ada, { name: 'house', stacks: ['network', 'security'] });
    expect(template).toMatchObject({
      version: '1.0.0',
      type: 'custom',
      stacks: { network: { dependencies: [] }, security: { dependencies: ['network'] } },
      estimatedResources: 94,
      custom: { organization: 'acme', createdBy: 'ada@example.com' },
    });
    expect(events.rows).toMatchObject([{ type: 'template_created', scope: { organization: 'acme' } }]);
  });

  it('copies a template, or the part of it that is named', async () => {
    const { custom } = templatesRig();
    const { template: copy } = await custom.create(ada, { name: 'copy', fromTemplate: 'microservices' });
    expect(copy.stacks['security']?.config).toEqual({ workloads: ['ecs', 'apigateway'] });
    const { template: part } = await custom.create(ada, {
      name: 'part',
      fromTemplate: 'custom:copy',
      stacks: ['network', 'security'],
    });
    expect([Object.keys(part.stacks), part.version]).toEqual([['network', 'security'], '1.0.0']);
  });

  it('[TPL-007] [TPL-008] names what is not registered and what is missing', async () => {
    const { custom } = templatesRig();
    const failure = await custom
      .create(ada, { name: 'bad', stacks: ['ghost', 'security'] })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'VALIDATION_INVALID_TEMPLATE', status: 422 });
    expect(findingsOf(failure)).toEqual([
      ['TPL-007', 'stack ghost is not registered'],
      ['TPL-008', 'security needs network, which is not in the template'],
    ]);
  });

  it('[TPL-008] refuses a part that is not closed under dependencies', async () => {
    const { custom } = templatesRig();
    await expect(
      custom.create(ada, { name: 'part', fromTemplate: 'minimal', stacks: ['security'] }),
    ).rejects.toMatchObject({ code: 'VALIDATION_INVALID_TEMPLATE' });
  });

  it('keeps values that do not have their type as warnings', async () => {
    const { custom } = templatesRig();
    const { warnings } = await custom.create(ada, {
      name: 'odd',
      stacks: ['network'],
      defaultConfig: { network: { azCount: 'three' } },
    });
    expect(warnings.map(({ ruleId }) => ruleId)).toEqual(['TPL-011']);
  });

  it('counts against the quota of the tier', async () => {
    const { custom } = templatesRig();
    const free = aPrincipal({ tier: 'free' });
    for (const name of ['a', 'b']) await custom.create(free, { name, stacks: ['network'] });
    await expect(custom.create(free, { name: 'c', stacks: ['network'] })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { limit: 2, used: 2 },
    });
    await custom.remove(free, { name: 'a' });
    await expect(custom.create(free, { name: 'c', stacks: ['network'] })).resolves.toBeDefined();
  });
});

describe('whose template it is (api.md 2.5)', () => {
  it('is not seen by another organization, which may use the name', async () => {
    const rig = templatesRig();
    await rig.custom.create(ada, { name: 'house', stacks: ['network'] });
    await rig.custom.create(other, { name: 'house', stacks: ['dns'] });
    expect([namesFor(rig, ada), namesFor(rig, other)]).toEqual([['house'], ['house']]);
    await rig.custom.create(ada, { name: 'mine', stacks: ['network'] });
    expect(namesFor(rig, other)).toEqual(['house']);
    for (const wrong of [
      () => rig.custom.update(other, { name: 'mine' }, { description: 'x' }),
      () => rig.custom.remove(other, { name: 'mine' }),
    ]) {
      await expect(wrong()).rejects.toMatchObject({ status: 404 });
    }
    await expect(rig.templates.forInitialising({ template: 'mine', organization: 'umbrella' })).rejects.toMatchObject({
      code: 'VALIDATION_INVALID_TEMPLATE',
      details: { known: expect.not.arrayContaining(['mine']) as unknown },
    });
    const acme = await rig.templates.forInitialising({ template: 'house', organization: 'acme' });
    expect(Object.keys(acme.stacks)).toEqual(['network']);
    expect([rig.templates.isKnown('mine', 'acme'), rig.templates.isKnown('mine', 'umbrella')]).toEqual([true, false]);
  });

  it("is everybody's when a platform administrator shares it", async () => {
    const rig = templatesRig();
    await rig.custom.create(platform, { name: 'standard', stacks: ['network'], shared: true });
    expect([namesFor(rig, ada), namesFor(rig, other)]).toEqual([['standard'], ['standard']]);
    await expect(rig.custom.create(ada, { name: 'x', stacks: ['network'], shared: true })).rejects.toMatchObject({
      code: 'AUTHZ_FORBIDDEN',
    });
    await expect(rig.custom.update(ada, { name: 'standard' }, { description: 'x' })).rejects.toMatchObject({
      code: 'AUTHZ_FORBIDDEN',
    });
    await expect(rig.custom.create(ada, { name: 'standard', stacks: ['dns'] })).rejects.toMatchObject({
      code: 'RESOURCE_ALREADY_EXISTS',
    });
  });

  it('asks a platform administrator without organization whose it is', async () => {
    const { custom } = templatesRig();
    await expect(custom.create(platform, { name: 'x', stacks: ['network'] })).rejects.toMatchObject({
      code: 'VALIDATION_REQUIRED_FIELD',
      details: [{ field: 'organization' }],
    });
    const { template } = await custom.create(platform, { name: 'x', stacks: ['network'], organization: 'acme' });
    expect(template.custom?.organization).toBe('acme');
  });
});

describe('changing a custom template', () => {
  const made = async (): Promise<TemplatesRig> => {
    const rig = templatesRig();
    await rig.custom.create(ada, {
      name: 'house',
      stacks: ['network', { name: 'security', config: { workloads: ['ecs'] } }],
    });
    return rig;
  };

  it.each<[string, Parameters<TemplatesRig['custom']['update']>[2], string[]]>([
    ['a text', { description: 'new' }, ['description updated']],
    ['a value', { defaultConfig: { network: { azCount: 2 } } }, ['stacks.network.config updated']],
    ['a removed value', { stacks: { security: { config: null } } }, ['stacks.security.config updated']],
    ['an added stack', { enableStacks: ['dns'] }, ['stacks: added dns']],
    ['a disabled stack', { disableStacks: ['security'] }, ['stacks: disabled security']],
    ['a removed stack', { stacks: { security: null } }, ['stacks: removed security']],
    ['all stacks', { stacks: ['network', 'dns'] }, ['stacks: added dns', 'stacks: removed security']],
    ['an environment', { environments: { prod: { region: 'eu-west-1' } } }, ['environments.prod.region updated']],
  ])('tells about %s and counts the version up', async (_what, edits, changes) => {
    const { custom } = await made();
    const changed = await custom.update(ada, { name: 'house' }, edits, 1);
    expect(changed.changes).toEqual([...changes, 'version: 1.0.0 → 1.1.0']);
    expect([changed.template.version, changed.template.custom?.revision]).toEqual(['1.1.0', 2]);
  });

  it('leaves the version alone when nothing is different', async () => {
    const { custom, events } = await made();
    const changed = await custom.update(ada, { name: 'house' }, { stacks: { network: { enabled: true } } });
    expect([changed.changes, changed.template.version]).toEqual([[], '1.0.0']);
    expect(events.rows).toHaveLength(1);
  });

  it.each<[string, Parameters<TemplatesRig['custom']['update']>[2], string]>([
    ['nothing at all', {}, 'VALIDATION_REQUIRED_FIELD'],
    ['a stack both on and off', { enableStacks: ['dns'], disableStacks: ['dns'] }, 'VALIDATION_INVALID_FORMAT'],
    ['a stack to enable that nobody registered', { enableStacks: ['ghost'] }, 'VALIDATION_INVALID_TEMPLATE'],
    ['a stack to disable that it does not have', { disableStacks: ['dns'] }, 'VALIDATION_INVALID_TEMPLATE'],
    ['a needed stack off', { disableStacks: ['network'] }, 'VALIDATION_INVALID_TEMPLATE'],
    ['no dev', { environments: { dev: { enabled: false } } }, 'VALIDATION_INVALID_TEMPLATE'],
    ['an unknown variable', { defaultConfig: { network: { note: '{{NOBODY}}' } } }, 'VALIDATION_INVALID_TEMPLATE'],
  ])('refuses %s and changes nothing', async (_what, edits, code) => {
    const { custom, repository } = await made();
    const before = canonicalJson([...repository.templates.values()]);
    await expect(custom.update(ada, { name: 'house' }, edits)).rejects.toMatchObject({ code });
    expect(canonicalJson([...repository.templates.values()])).toBe(before);
  });

  it('is refused with a revision that is not the current one', async () => {
    const { custom } = await made();
    await expect(custom.update(ada, { name: 'house' }, { description: 'x' }, 4)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      details: { revision: 1, expected: 4 },
    });
  });

  it('never keeps a secret in clear', async () => {
    const rig = templatesRig();
    const secret = { type: 'string', secret: true };
    await rig.repository.saveRegistration({
      name: 'vault',
      status: 'active',
      revision: 1,
      document: { name: 'vault', dependencies: [], parameters: { inputs: { token: secret } } },
      resources: [],
      codeHash: null,
      sourcePath: null,
      registeredAt: new Date(0),
      registeredBy: 'x',
      updatedAt: new Date(0),
      updatedBy: 'x',
      change: await rig.repository.takeChange(),
    });
    const make = (token: string): Promise<unknown> =>
      rig.custom.create(ada, { name: 'v', stacks: [{ name: 'vault', config: { token } }] });
    await expect(make('hunter2')).rejects.toMatchObject({
      code: 'VALIDATION_INVALID_FORMAT',
      details: [{ field: 'stacks.vault.config.token' }],
    });
    await expect(make('{{RUNTIME:aws:secret:token}}')).resolves.toBeDefined();
  });
});

describe('versions', () => {
  const manifestOf = (rig: TemplatesRig, template: ManifestTemplate): string =>
    canonicalJson(
      initialiseManifest(initInputs({ template: template.name, organization: 'acme' }), {
        template,
        stackTemplates: rig.templates.stackTemplates,
        deploymentId: 'DT3VCA0',
        now: new Date('2025-10-09T14:30:00Z'),
        userEmail: 'ada@example.com',
      }).manifest,
    );

  it('give a byte-equal manifest for the same version and inputs, whatever came later', async () => {
    const rig = templatesRig();
    const stacks = ['network', { name: 'security', config: { workloads: [] } }];
    const { template } = await rig.custom.create(ada, { name: 'house', stacks });
    const first = manifestOf(rig, template);
    await rig.custom.update(ada, { name: 'house' }, { defaultConfig: { network: { azCount: 2 } } });
    const wanted = { template: 'house', organization: 'acme' };
    const pinned = await rig.templates.forInitialising({ ...wanted, templateVersion: '1.0.0' });
    expect(manifestOf(rig, pinned)).toBe(first);
    expect(pinned.contentHash).toBe(template.contentHash);
    expect(manifestOf(rig, await rig.templates.forInitialising(wanted))).not.toBe(first);
    await expect(rig.templates.forInitialising({ ...wanted, templateVersion: '7.0.0' })).rejects.toMatchObject({
      details: { known: ['1.1.0', '1.0.0'] },
    });
  });

  it('begin anew when a deleted name is used again', async () => {
    const rig = templatesRig();
    await rig.custom.create(ada, { name: 'house', stacks: ['network'] });
    await rig.custom.remove(ada, { name: 'house' });
    expect(namesFor(rig, ada)).toEqual([]);
    expect(rig.templates.isKnown('house', 'acme')).toBe(true);
    const { template } = await rig.custom.create(ada, { name: 'house', stacks: ['dns'] });
    const { versions } = await rig.custom.versions(ada, { name: 'house' }, { page: 1, limit: 20 });
    expect([template.version, versions.length]).toEqual(['1.0.0', 1]);
  });
});

describe('several servers', () => {
  it("see each other's changes", async () => {
    const rows = new FakeTemplatesRepository();
    const [one, two] = [templatesRig({}, rows), templatesRig({}, rows)];
    await one.custom.create(ada, { name: 'house', stacks: ['network'] });
    expect(namesFor(two, ada)).toEqual([]);
    await two.templates.refresh();
    expect(namesFor(two, ada)).toEqual(['house']);
    await two.custom.remove(ada, { name: 'house' });
    await one.templates.refresh();
    expect(namesFor(one, ada)).toEqual([]);
  });

  it('work a change out again when another one was faster', async () => {
    const rows = new FakeTemplatesRepository();
    const [one, two] = [templatesRig({}, rows), templatesRig({}, rows)];
    const [a, b] = await Promise.allSettled([
      one.custom.create(ada, { name: 'house', stacks: ['network'] }),
      two.custom.create(ada, { name: 'house', stacks: ['dns'] }),
    ]);
    expect([a.status, b.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect([a, b].find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'RESOURCE_ALREADY_EXISTS' },
    });
  });
});

import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import type { BuildContext } from '../../src/modules/deployments/manifest/build-manifest.js';
import type { InitInputs } from '../../src/modules/deployments/manifest/init-inputs.js';
import { initialiseManifest, type Initialised } from '../../src/modules/deployments/manifest/initialise-manifest.js';
import type { Manifest, ManifestStack } from '../../src/modules/deployments/manifest/manifest.js';
import { mergeDeep, type Values } from '../../src/modules/deployments/manifest/merge.js';
import { validateManifest, type ValidationOptions } from '../../src/modules/deployments/manifest/validation.js';
import type { Finding } from '../../src/modules/templates/finding.js';
import type { ParameterInput, ParameterOutput } from '../../src/modules/templates/parameter.js';
import type { StackTemplate, StackTemplates } from '../../src/modules/templates/stack-template.js';
import { loadTemplates } from '../../src/modules/templates/template-files.js';

/** The templates of the repository. */
export const BUILT_IN = loadTemplates(join(PROJECT_ROOT, 'templates'));

export function initInputs(more: Partial<InitInputs> = {}): InitInputs {
  return {
    organization: 'northwind',
    project: 'shop',
    domain: 'shop.northwind.example',
    accounts: { dev: '111111111111', stage: '222222222222', prod: '333333333333' },
    template: 'minimal',
    ...more,
  };
}

export function initialised(more: Partial<InitInputs> = {}, context: Partial<BuildContext> = {}): Initialised {
  const inputs = initInputs(more);
  const template = BUILT_IN.manifestTemplates.get(inputs.template ?? 'default');
  if (!template) throw new RangeError(`no template ${inputs.template}`);
  return initialiseManifest(inputs, {
    template,
    stackTemplates: BUILT_IN.stackTemplates,
    deploymentId: 'DT3VCA0',
    now: new Date('2025-10-09T14:30:00Z'),
    userEmail: 'ada@northwind.example',
    ...context,
  });
}

/** A stack template with only the relevant fields. */
export function aStackTemplate(name: string, more: Partial<StackTemplate> = {}): StackTemplate {
  return {
    name,
    displayName: name,
    description: '',
    version: '1.0.0',
    category: 'devops',
    dependencies: [],
    optionalDependencies: [],
    priority: 100,
    critical: true,
    inputs: {},
    outputs: {},
    config: {},
    environments: {},
    estimatedDuration: 180,
    estimatedResources: 0,
    estimatedMonthlyCost: 0,
    templateHash: name,
    ...more,
  };
}

export function anInput(more: Partial<ParameterInput> = {}): ParameterInput {
  return { type: 'string', required: false, secret: false, ...more };
}

export function anOutput(more: Partial<ParameterOutput> = {}): ParameterOutput {
  return { type: 'string', secret: false, ...more };
}

export function stackTemplates(...templates: StackTemplate[]): StackTemplates {
  return new Map(templates.map((template) => [template.name, template]));
}

/** One enabled dev environment and the given stacks; `over` is merged in, null removes. */
export function aManifest(stacks: Readonly<Record<string, Partial<ManifestStack>>>, over: Values = {}): Manifest {
  const blocks = Object.entries(stacks).map(([name, block]) => [name, { enabled: true, dependencies: [], ...block }]);
  const manifest = {
    version: '3.1',
    deployment: {
      id: 'DT3VCA0',
      org: 'northwind',
      project: 'shop',
      domain: 'shop.northwind.example',
      pulumiOrg: 'northwind',
      template: 'custom',
      createdAt: '2025-10-09T14:30:00.000Z',
    },
    spec: {
      environments: { dev: { enabled: true, account: '111111111111', region: 'us-east-1' } },
      stacks: Object.fromEntries(blocks) as Record<string, ManifestStack>,
    },
    metadata: {},
  };
  return mergeDeep(manifest, over) as unknown as Manifest;
}

/** Findings of one rule, or of all. */
export function findingsOf(given: unknown, options: ValidationOptions, ruleId?: string): readonly Finding[] {
  const { findings } = validateManifest(given, options);
  return ruleId ? findings.filter((finding) => finding.ruleId === ruleId) : findings;
}

import { BUILT_IN, initialised } from '../../../../test/factories/manifests.js';
import { initLines } from './init-lines.js';
import { textOf } from './log-text.js';

const deployment = { deploymentId: 'DT3VCA0', createdBy: 'ada@northwind.example' };
const { stackTemplates } = BUILT_IN;

const told = (given: Partial<Parameters<typeof initLines>[0]> = {}): string =>
  initLines({ deployment, manifest: initialised().manifest, stackTemplates, variables: {}, warnings: [], ...given })
    .map((line) => textOf({ ...line, timestamp: new Date('2025-10-09T14:30:00Z') }))
    .join('');

it('tells template, environments, layers, files and validation of an initialisation (deployments.md 11)', () => {
  const text = told();
  expect(text).toContain('[2025-10-09 14:30:00] [INFO] [init] deployment DT3VCA0 of northwind / ');
  expect(text).toContain('[INFO] [init] template minimal 1.0.0\n');
  expect(text).toMatch(/\[INFO\] \[init\] environment dev: enabled, account \d{12}, region us-east-1\n/);
  expect(text).toContain('[INFO] [resolve] layer 1: dns, network\n');
  expect(text).toContain('[INFO] [validate] validation: passed up to level config\n');
});

it('tells given variables; one that is called like a secret, or went into a secret input, is ***', () => {
  const { manifest } = initialised();
  const [name = ''] = Object.keys(manifest.spec.stacks);
  const secretInput = { type: 'string', required: false, secret: true, default: '' } as const;
  const templates = new Map(stackTemplates);
  const template = templates.get(name);
  if (template) templates.set(name, { ...template, inputs: { ...template.inputs, pin: secretInput as never } });
  const stack = manifest.spec.stacks[name];
  const stacks = { ...manifest.spec.stacks, ...(stack ? { [name]: { ...stack, config: { pin: 'db-7741' } } } : {}) };
  const text = told({
    manifest: { ...manifest, spec: { ...manifest.spec, stacks } },
    stackTemplates: templates,
    variables: { VPC_CIDR_DEV: '10.9.0.0/16', DB_PASSWORD: 'hunter2', DOOR: 'db-7741' },
  });
  expect(text).toContain('variables: VPC_CIDR_DEV = 10.9.0.0/16, DB_PASSWORD = ***, DOOR = ***\n');
  expect(text).not.toMatch(/hunter2|db-7741/);
});

it('tells warnings with their rule', () => {
  const warning = { ruleId: 'INIT-W01', location: 'variables.X', message: 'is ignored' };
  expect(told({ warnings: [warning as never] })).toContain('[WARN] [validate] INIT-W01 variables.X: is ignored\n');
});

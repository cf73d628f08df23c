import type { LogLine } from '../../../shared/events/event-line.js';
import type { Finding } from '../../templates/finding.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Deployment } from '../deployment.js';
import { declaredEnvironments, type Manifest } from '../manifest/manifest.js';
import { stackGraph } from '../manifest/manifest-context.js';
import { MASK, mapSecrets } from '../manifest/secrets.js';
import { validateManifest } from '../manifest/validation.js';

export interface Initialisation {
  readonly deployment: Pick<Deployment, 'deploymentId' | 'createdBy'>;
  readonly manifest: Manifest;
  readonly stackTemplates: StackTemplates;
  /** As the caller gave them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** What the caller is told. */
  readonly warnings: readonly Finding[];
}

type InitLine = Pick<LogLine, 'level' | 'component' | 'message'>;

/** Variables whose name says that they are secret: templates do not declare it. */
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY/;

/**
 * The log of an initialisation (deployments.md 11): template, variables, environments, dependencies, files, validation. Values of
 * stacks are not told; a variable that went into a secret input, or is called like a secret, is `***`.
 */
export function initLines({ deployment, manifest, stackTemplates, variables, warnings }: Initialisation): InitLine[] {
  const { template, templateVersion, org, project, domain } = manifest.deployment;
  const { info, valid, level } = validateManifest(manifest, { stackTemplates });
  const environments = declaredEnvironments(manifest);
  const given = toldVariables(variables, secretsOf(manifest, stackTemplates));
  const files = info.enabledStacks * environments.length;
  const init = (message: string): InitLine => ({ level: 'info', component: 'init', message });
  return [
    init(`deployment ${deployment.deploymentId} of ${org} / ${project} (${domain}) by ${deployment.createdBy}`),
    init(`template ${template} ${templateVersion ?? ''}`.trimEnd()),
    ...(given.length > 0 ? [init(`variables: ${given.join(', ')}`)] : []),
    ...environments.map((name) => {
      const block = manifest.spec.environments[name];
      const state = block?.enabled ? 'enabled' : 'disabled';
      return init(`environment ${name}: ${state}, account ${block?.account}, region ${block?.region}`);
    }),
    ...stackGraph(manifest, stackTemplates, 'dev').layers.map((names, index): InitLine => ({
      level: 'info',
      component: 'resolve',
      message: `layer ${index + 1}: ${names.join(', ')}`,
    })),
    init(`manifest with ${Object.keys(manifest.spec.stacks).length} stacks, ${info.enabledStacks} of them enabled`),
    init(`${files} configuration files`),
    ...warnings.map((finding): InitLine => ({
      level: 'warn',
      component: 'validate',
      message: `${finding.ruleId} ${finding.location}: ${finding.message}`,
    })),
    {
      level: valid ? 'info' : 'error',
      component: 'validate',
      message: `validation: ${valid ? 'passed' : 'failed'} up to level ${level}`,
    },
  ];
}

function toldVariables(variables: Readonly<Record<string, unknown>>, secrets: readonly string[]): string[] {
  return Object.entries(variables).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
    const isSecret = SECRET_NAME.test(name) || secrets.some((secret) => secret.includes(text) || text.includes(secret));
    return `${name} = ${isSecret ? MASK : text}`;
  });
}

/** Literal values of secret inputs, as text. */
function secretsOf(manifest: Manifest, stackTemplates: StackTemplates): readonly string[] {
  const found: string[] = [];
  mapSecrets(manifest, stackTemplates, (value) => {
    found.push(typeof value === 'string' ? value : JSON.stringify(value));
    return value;
  });
  return found.filter((text) => text.length > 0);
}

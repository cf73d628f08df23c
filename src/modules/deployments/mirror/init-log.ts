import type { StackTemplates } from '../../templates/stack-template.js';
import type { Deployment } from '../deployment.js';
import { declaredEnvironments, type Manifest } from '../manifest/manifest.js';
import { stackGraph } from '../manifest/manifest-context.js';
import { validateManifest } from '../manifest/validation.js';

type Level = 'INFO' | 'WARN';

/** Text of `logs/init.log` (deployments.md 11): template, environments, stacks by layer, files, validation. No values of stacks. */
export function initLog(
  deployment: Pick<Deployment, 'deploymentId' | 'createdBy' | 'createdAt'>,
  manifest: Manifest,
  stackTemplates: StackTemplates,
): string {
  const { template, templateVersion, org, project, domain } = manifest.deployment;
  const validation = validateManifest(manifest, { stackTemplates });
  const enabled = validation.info.enabledStacks;
  const lines: [Level, string][] = [
    ['INFO', `deployment ${deployment.deploymentId} of ${org} / ${project} (${domain}) by ${deployment.createdBy}`],
    ['INFO', `template ${template} ${templateVersion ?? ''}`.trimEnd()],
    ...declaredEnvironments(manifest).map((name): [Level, string] => {
      const block = manifest.spec.environments[name];
      const state = block?.enabled ? 'enabled' : 'disabled';
      return ['INFO', `environment ${name}: ${state}, account ${block?.account}, region ${block?.region}`];
    }),
    ...stackGraph(manifest, stackTemplates, 'dev').layers.map((names, index): [Level, string] => [
      'INFO',
      `layer ${index + 1}: ${names.join(', ')}`,
    ]),
    ['INFO', `${enabled * declaredEnvironments(manifest).length} configuration files`],
    ...validation.warnings
      .filter((finding) => finding.ruleId !== 'CFG-W02')
      .map((finding): [Level, string] => ['WARN', `${finding.ruleId} ${finding.location}: ${finding.message}`]),
    ['INFO', `validation: ${validation.valid ? 'passed' : 'failed'} up to level ${validation.level}`],
  ];
  const stamp = deployment.createdAt.toISOString().slice(0, 19).replace('T', ' ');
  return `${lines.map(([level, message]) => `[${stamp}] [${level}] [init] ${message}`).join('\n')}\n`;
}

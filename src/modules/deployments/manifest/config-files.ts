import type { EnvironmentName } from '../../../shared/http/principal.js';
import { NotFound } from '../../../shared/errors/app-error.js';
import { StackGraph } from '../../orchestrator/graph.js';
import type { StackTemplate, StackTemplates } from '../../templates/stack-template.js';
import { type ConfigFile, writeConfigFile } from './config-file.js';
import { declaredEnvironments, isStackOn, type Manifest } from './manifest.js';
import { stackNodes } from './manifest-context.js';
import { configFilePath } from './names.js';
import { type MergedConfig, mergeConfig } from './resolve-config.js';

export interface GeneratedConfigFile {
  /** `config/network.dev.yaml`, inside the deployment's directory. */
  readonly path: string;
  readonly text: string;
  readonly stack: string;
  readonly environment: EnvironmentName;
}

/** One file per globally enabled stack and declared environment, enabled or not (deployments.md 3.5), by environment and stack. */
export function configFiles(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  revision: number,
): GeneratedConfigFile[] {
  return declaredEnvironments(manifest).flatMap((environment) => {
    const configs = Object.entries(manifest.spec.stacks)
      .filter(([name, block]) => block.enabled && stackTemplates.has(name))
      .map(([name]) => mergeConfig(manifest, stackTemplates.get(name) as StackTemplate, environment));
    const graph = new StackGraph(stackNodes(manifest, stackTemplates, environment, configs));
    return configs.map((merged) => ({
      path: configFilePath(merged.stack, environment),
      text: writeConfigFile(configFileOf(manifest, merged, graph), revision),
      stack: merged.stack,
      environment,
    }));
  });
}

/**
 * The merged configuration of one stack in one environment.
 * @throws NotFound `STACK_NOT_IN_MANIFEST`, `ENVIRONMENT_NOT_FOUND`
 */
export function requireConfig(
  manifest: Manifest,
  stackTemplates: StackTemplates,
  stack: string,
  environment: EnvironmentName,
): MergedConfig {
  const template = stackTemplates.get(stack);
  if (!manifest.spec.stacks[stack] || !template) throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
  if (!manifest.spec.environments[environment]) {
    throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
  }
  return mergeConfig(manifest, template, environment);
}

function configFileOf(manifest: Manifest, merged: MergedConfig, graph: StackGraph): ConfigFile {
  const { deployment } = manifest;
  const { stack, environment } = merged;
  const place = manifest.spec.environments[environment];
  const layer = isStackOn(manifest, stack, environment) ? graph.layerOf(stack) : null;
  return {
    metadata: {
      deploymentId: deployment.id,
      organization: deployment.org,
      project: deployment.project,
      pulumiOrg: deployment.pulumiOrg,
      domain: deployment.domain,
      environment,
      region: place?.region ?? '',
      accountId: place?.account ?? '',
      stackName: stack,
      layer,
      dependencies: [...graph.dependenciesOf(stack)],
    },
    values: merged.values,
    secretKeys: merged.secretKeys,
  };
}

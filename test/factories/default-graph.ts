import { mergeAll } from '../../src/modules/deployments/manifest/resolve-config.js';
import { stackNodes } from '../../src/modules/deployments/manifest/manifest-context.js';
import type { RunStack } from '../../src/modules/orchestrator/run-request.js';
import { BUILT_IN, initialised } from './manifests.js';
import { aRunStack } from './run-request.js';

/**
 * The 16 stacks of the `default` template in dev as an initialised deployment has them: all edges, priorities, criticality and
 * estimates; without configuration and programs.
 */
export function defaultStacks(): RunStack[] {
  const { manifest } = initialised({ template: 'default' });
  const configs = mergeAll(manifest, BUILT_IN.stackTemplates, ['dev']);
  return stackNodes(manifest, BUILT_IN.stackTemplates, 'dev', configs).map(({ name, priority, dependencies }) => {
    const template = BUILT_IN.stackTemplates.get(name);
    return aRunStack(name, {
      priority,
      dependencies,
      critical: template?.critical ?? true,
      estimateSeconds: template?.estimatedDuration ?? 180,
    });
  });
}

import { pulumiStackName } from './fingerprint.js';
import type { StackRef, StackRun } from './engine.port.js';
import type { ResolvedConfig, RunPlace, RunRequest, RunStack } from './run-request.js';

export function stackRef(place: RunPlace, stack: string): StackRef {
  return {
    organization: place.organization,
    pulumiOrg: place.pulumiOrg,
    project: place.project,
    stack: pulumiStackName(place, stack),
    account: place.account,
    region: place.region,
  };
}

/**
 * What the engine gets: keys in the stack's name space, arrays and objects as JSON, and beside them the provider keys of
 * stacks.md 1.1, so that wrong credentials stop before the first call.
 */
export function engineRun(
  request: RunRequest,
  stack: RunStack,
  config: ResolvedConfig,
  refresh: boolean,
): Omit<StackRun, 'signal' | 'onEvent'> {
  const { place } = request;
  const key = (name: string): string => (name.includes(':') ? name : `${stack.name}:${name}`);
  const own = Object.entries(config.values)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]): [string, string] => [key(name), typeof value === 'string' ? value : JSON.stringify(value)]);
  return {
    ...stackRef(place, stack.name),
    programDir: stack.programDir,
    config: {
      'aws:region': place.region,
      'aws:allowedAccountIds': JSON.stringify([place.account]),
      ...Object.fromEntries(own),
    },
    secretKeys: config.secretKeys.map(key),
    fence: request.fence,
    refresh,
  };
}

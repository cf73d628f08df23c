import type { ProgramHost, ProgramRun } from './program-host';
import { type LookUp, manifestTemplate, sampleOf, stackTemplate, templateConfig } from './template-config';

/**
 * Runs every stack of a manifest template under mocks, in the order of its layers: what one exports the next ones get, and what
 * a stack that is not in the template would export is left out (rule G3).
 */
export async function runManifest(
  host: ProgramHost,
  template: string,
  environment: string,
): Promise<ReadonlyMap<string, ProgramRun>> {
  const { stacks } = manifestTemplate(template);
  const runs = new Map<string, ProgramRun>();

  const lookUp: LookUp = (output, type, env) => {
    const [producer = '', name = ''] = output.split(':');
    return producer === 'aws' ? sampleOf(output, type, env) : runs.get(producer)?.outputs[name];
  };
  const layerOf = (stack: string): number => {
    const { dependencies, optionalDependencies } = stackTemplate(stack);
    const needed = [...dependencies, ...optionalDependencies].filter((name) => name in stacks);
    return 1 + Math.max(0, ...needed.map(layerOf));
  };

  for (const stack of Object.keys(stacks).sort((a, b) => layerOf(a) - layerOf(b))) {
    const config = templateConfig(stack, environment, stacks[stack]?.config ?? {}, lookUp);
    runs.set(stack, await host.run(stack, config));
  }
  return runs;
}

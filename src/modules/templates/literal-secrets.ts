import type { Violation } from '../../shared/errors/field-problems.js';
import { ENVIRONMENTS } from '../../shared/http/principal.js';
import type { ManifestTemplate } from './manifest-template.js';
import type { StackTemplates } from './stack-template.js';
import { holdsPlaceholder } from './template-text.js';

/** Values of secret inputs in clear. A template is read by everybody of its organization, so it holds references only. */
export function literalSecrets(template: ManifestTemplate, stackTemplates: StackTemplates): Violation[] {
  return Object.entries(template.stacks).flatMap(([stack, block]) => {
    const inputs = stackTemplates.get(stack)?.inputs ?? {};
    const configs = [
      { place: `stacks.${stack}.config`, config: block.config },
      ...ENVIRONMENTS.map((name) => ({
        place: `stacks.${stack}.environments.${name}.config`,
        config: block.environments?.[name]?.config,
      })),
    ];
    return configs.flatMap(({ place, config }) =>
      Object.entries(config ?? {})
        .filter(([key, value]) => inputs[key]?.secret && value !== null && !holdsPlaceholder(value))
        .map(([key]): Violation => {
          const message = `${key} of ${stack} is secret: refer to it, e.g. {{RUNTIME:aws:secret:<name>}}`;
          return { field: `${place}.${key}`, kind: 'format', message };
        }),
    );
  });
}

import { contentHash } from '../../../shared/kernel/canonical-json.js';
import { type Finding } from '../../templates/finding.js';
import { type BuildContext, buildManifest } from './build-manifest.js';
import { completeInputs, type CompleteInputs, type InitInputs } from './init-inputs.js';
import type { Manifest } from './manifest.js';
import type { ManifestSurroundings } from './manifest-context.js';
import { manifestRefusal, validateManifest, type ValidationInfo } from './validation.js';

export interface Initialised {
  readonly manifest: Manifest;
  readonly inputs: CompleteInputs;
  /** For the caller: INIT-W*, and warnings of validation but CFG-W02, which would repeat every default. */
  readonly warnings: readonly Finding[];
  readonly info: ValidationInfo;
  readonly contentHash: string;
}

/**
 * Inputs and a template become a checked manifest (deployments.md 3.2, steps 1 to 7). Pure: nothing is stored.
 * @throws Invalid (400) for wrong inputs; Refused (422) with `details.errors[]` for what the manifest would break
 */
export function initialiseManifest(
  given: InitInputs,
  context: BuildContext & Omit<ManifestSurroundings, 'stackTemplates' | 'deploymentId'>,
): Initialised {
  const inputs = completeInputs(given);
  const { manifest: built, warnings, findings } = buildManifest(inputs, context);
  const validation = validateManifest(built, context);
  const refusal = manifestRefusal([...findings, ...validation.findings]);
  if (refusal) throw refusal;
  const manifest = validation.manifest ?? built;
  return {
    manifest,
    inputs,
    warnings: [...warnings, ...validation.warnings.filter((finding) => finding.ruleId !== 'CFG-W02')],
    info: validation.info,
    contentHash: contentHash(manifest),
  };
}

import { Injectable } from '@nestjs/common';
import type { Preflight } from '../../orchestrator/run.js';
import { Catalogue } from '../catalogue.js';
import { manifestRefusal, validateManifest } from '../manifest/validation.js';
import { DEPLOYING, type Operation } from './operation.js';
import { RunRequestBuilder } from './run-request.builder.js';

/** The checks between plan and first stack (deployments.md 7.5, step 4): the frozen manifest, for its environment, up to level config. */
@Injectable()
export class RunPreflight {
  constructor(
    private readonly builder: RunRequestBuilder,
    private readonly catalogue: Catalogue,
  ) {}

  /** null = nothing to check: destroy and rollback need no valid manifest, and `skipValidation` asks for none. */
  of(operation: Operation): Preflight | null {
    const needsManifest = DEPLOYING.includes(operation.type);
    if (!needsManifest || operation.parameters.skipValidation) return null;
    return async () => {
      const { manifest } = await this.builder.basis(operation);
      const { errors, warnings } = validateManifest(manifest, {
        ...this.catalogue.surroundings(operation.organization),
        deploymentId: operation.deploymentId,
        environment: operation.environment,
      });
      const refusal = manifestRefusal(errors);
      if (!refusal) return { errors: 0, warnings: warnings.length };
      return {
        errors: errors.length,
        warnings: warnings.length,
        error: {
          class: 'validation',
          code: refusal.code,
          message: refusal.message,
          retryable: false,
          details: { errors },
          ...(refusal.suggestion ? { remediation: refusal.suggestion } : {}),
        },
      };
    };
  }
}

import { Injectable } from '@nestjs/common';
import { AppError, NotFound } from '../../../shared/errors/app-error.js';
import type { EnvironmentName, Principal } from '../../../shared/http/principal.js';
import { type Finding, isBlocking } from '../../templates/finding.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment } from '../deployment.js';
import { ManifestEditsService } from '../manifest-edits.service.js';
import { autoFix, type Fix } from '../manifest/auto-fix.js';
import { declaredEnvironments, enabledEnvironments, isStackOn, type Manifest } from '../manifest/manifest.js';
import { validateManifest, type Validation } from '../manifest/validation.js';
import { OperationsService } from '../operations/operations.service.js';
import {
  type Check,
  CHECKS,
  type CheckResult,
  checkOf,
  LEVEL_OF,
  resultOf,
  type ValidateLevel,
} from './check-groups.js';
import { PromotionGate } from '../environments/promotion-gate.js';
import { EnvironmentViews } from './environment-views.js';

export interface ValidateOptions {
  readonly environment?: EnvironmentName;
  /** Default all. */
  readonly checks?: readonly Check[];
  readonly level: ValidateLevel;
  readonly strict: boolean;
  readonly fix: boolean | 'preview';
}

export interface ValidationReport {
  readonly deploymentId: string;
  readonly environment: EnvironmentName | null;
  readonly valid: boolean;
  /** Last level that was looked at. */
  readonly level: ValidateLevel;
  readonly checks: readonly CheckResult[];
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly fixed: readonly Fix[];
  /** The fixes are saved; false for a preview, and while something stays wrong that a save refuses. */
  readonly fixesSaved: boolean;
  /** Of the manifest the report is about. */
  readonly revision: number;
  readonly info: Validation['info'];
}

const ALL: ReadonlySet<Check> = new Set(CHECKS);

/** Validation on request (deployments.md 8, api.md 3.3). A failed one is an answer, not an error. */
@Injectable()
export class ValidationService {
  constructor(
    private readonly operations: OperationsService,
    private readonly edits: ManifestEditsService,
    private readonly catalogue: Catalogue,
    private readonly views: EnvironmentViews,
    private readonly gate: PromotionGate,
  ) {}

  /** @throws NotFound `ENVIRONMENT_NOT_FOUND` */
  async validate(principal: Principal, deploymentId: string, options: ValidateOptions): Promise<ValidationReport> {
    const { environment, fix } = options;
    const permission = fix ? 'deployments:update' : 'deployments:validate';
    const deployment = await this.operations.load(principal, deploymentId, permission, environment);
    const stored = await this.views.manifestOf(deployment);
    requireEnvironment(stored, environment);
    const fixing = fix
      ? await this.fix(principal, deployment, stored, fix === true)
      : { given: stored, revision: deployment.revision, fixed: [], fixesSaved: false };
    const { given, ...fixes } = fixing;
    return {
      deploymentId,
      environment: environment ?? null,
      ...fixes,
      ...(await this.report(deployment, given, options)),
    };
  }

  /** One stack in one environment: program there, configuration complete, dependencies satisfied, placeholders valid. */
  async validateStack(
    principal: Principal,
    deploymentId: string,
    stack: string,
    environment: EnvironmentName,
  ): Promise<Pick<ValidationReport, 'valid' | 'errors' | 'warnings'> & { readonly checks: readonly StackCheck[] }> {
    const deployment = await this.operations.load(principal, deploymentId, 'deployments:validate', environment);
    const manifest = await this.views.manifestOf(deployment);
    requireEnvironment(manifest, environment);
    if (!manifest.spec.stacks[stack]) throw new NotFound('stack', stack, { code: 'STACK_NOT_IN_MANIFEST' });
    const only = onlyEnvironment(manifest, environment);
    const looked = validateManifest(only, this.surroundings(deployment, environment));
    const checked = isStackOn(manifest, stack, environment)
      ? await this.views.fullChecks(deployment, only, [environment], STACK_CHECKS, false, [stack])
      : { findings: [], skipped: {} };
    const own = [...looked.findings, ...checked.findings].filter((finding) => finding.stack === stack);
    const errors = own.filter(isBlocking);
    const missing = await this.views.undeployedDependencies(deployment, only, environment, stack);
    return {
      valid: errors.length === 0,
      checks: STACK_CHECK_NAMES.map((name) => stackCheck(name, errors, checked.skipped['stack-code'], missing)),
      errors,
      warnings: own.filter((finding) => !isBlocking(finding)),
    };
  }

  private async report(
    deployment: Deployment,
    given: unknown,
    { level: wanted, environment, checks, strict }: ValidateOptions,
  ): Promise<Omit<ValidationReport, 'deploymentId' | 'environment' | 'fixed' | 'fixesSaved' | 'revision'>> {
    const chosen = checks ? new Set(checks) : ALL;
    const looked = validateManifest(given, {
      ...this.surroundings(deployment, environment),
      level: wanted === 'full' ? 'config' : wanted,
    });
    const { manifest } = looked;
    const isFull = wanted === 'full' && looked.valid && looked.level === 'config' && manifest !== undefined;
    const environments = manifest
      ? enabledEnvironments(manifest).filter((name) => !environment || name === environment)
      : [];
    const full = isFull
      ? await this.views.fullChecks(deployment, manifest, environments, chosen, strict)
      : { findings: [], skipped: {} };
    const notValidated = manifest
      ? declaredEnvironments(manifest).filter(
          (name) => (!environment || name === environment) && !environments.includes(name),
        )
      : [];
    const isRead = looked.valid && looked.level === 'config';
    const order = isRead ? await this.gate.findings(deployment.deploymentId, environments) : [];
    // What stopped the levels counts whatever was chosen.
    const findings = [...looked.findings, ...order, ...full.findings].filter(
      (finding) => chosen.has(checkOf(finding.ruleId)) || (!looked.valid && isBlocking(finding)),
    );
    const errors = findings.filter(isBlocking);
    const warnings = findings.filter((finding) => !isBlocking(finding));
    const off = environment !== undefined && notValidated.length > 0 ? offReasons(environment) : {};
    const known = {
      reached: isFull ? ('full' as const) : looked.level,
      wanted,
      errors,
      warnings,
      skipped: { ...full.skipped, ...off },
      notValidated,
    };
    return {
      valid: errors.length === 0,
      level: known.reached,
      checks: CHECKS.filter((name) => chosen.has(name) || errors.some(({ ruleId }) => checkOf(ruleId) === name)).map(
        (name) => resultOf(name, known),
      ),
      errors,
      warnings,
      info: looked.info,
    };
  }

  private async fix(
    principal: Principal,
    deployment: Deployment,
    stored: Manifest,
    save: boolean,
  ): Promise<{ given: unknown; fixed: readonly Fix[]; fixesSaved: boolean; revision: number }> {
    const { document, fixes } = autoFix(stored, this.catalogue.stacks.templates());
    const result = { given: document, fixed: fixes, fixesSaved: false, revision: deployment.revision };
    if (!save || fixes.length === 0) return result;
    const { manifest } = validateManifest(document, { ...this.surroundings(deployment), level: 'schema' });
    if (!manifest) return result;
    try {
      const saved = await this.edits.repair(principal, deployment, stored, manifest);
      return { ...result, fixesSaved: true, revision: saved.deployment.revision };
    } catch (error) {
      if (error instanceof AppError && error.status === 422) return result; // the report says what stays wrong
      throw error;
    }
  }

  /** Programs are a check of their own here, so that the other levels are reached without them. */
  private surroundings(deployment: Deployment, environment?: EnvironmentName) {
    const { isProgramPresent: _own, ...rest } = this.catalogue.surroundings(deployment.organization);
    return { ...rest, deploymentId: deployment.deploymentId, ...(environment ? { environment } : {}) };
  }
}

export interface StackCheck {
  readonly name: (typeof STACK_CHECK_NAMES)[number];
  readonly status: CheckResult['status'];
  readonly message: string;
}

const STACK_CHECKS: ReadonlySet<Check> = new Set<Check>(['stack-code', 'runtime-placeholders']);
const STACK_CHECK_NAMES = [
  'code-exists',
  'pulumi-yaml',
  'configuration',
  'dependencies',
  'runtime-placeholders',
] as const;

function stackCheck(
  name: StackCheck['name'],
  errors: readonly Finding[],
  noCode: string | undefined,
  undeployed: readonly string[],
): StackCheck {
  const isYaml = (ruleId: string): boolean => ruleId === 'COD-002' || ruleId === 'COD-003';
  const own = errors.filter(({ ruleId }) => {
    const check = checkOf(ruleId);
    if (check === 'stack-code') return name === (isYaml(ruleId) ? 'pulumi-yaml' : 'code-exists');
    return (check === 'manifest' ? 'configuration' : check) === name;
  });
  if (own.length > 0) return { name, status: 'failed', message: own.map(({ message }) => message).join('; ') };
  const isCode = name === 'code-exists' || name === 'pulumi-yaml';
  if (isCode && noCode !== undefined) return { name, status: 'skipped', message: noCode };
  const isWaiting = name === 'dependencies' && undeployed.length > 0;
  return { name, status: 'passed', message: isWaiting ? `not deployed yet: ${undeployed.join(', ')}` : 'no problems' };
}

function requireEnvironment(manifest: Manifest, environment: EnvironmentName | undefined): void {
  if (environment === undefined || manifest.spec.environments[environment]) return;
  throw new NotFound('environment', environment, { code: 'ENVIRONMENT_NOT_FOUND' });
}

/** A stack can be looked at before its environment is enabled. */
function onlyEnvironment(manifest: Manifest, environment: EnvironmentName): Manifest {
  const block = manifest.spec.environments[environment];
  if (!block || block.enabled) return manifest;
  const environments = { ...manifest.spec.environments, [environment]: { ...block, enabled: true } };
  return { ...manifest, spec: { ...manifest.spec, environments } };
}

function offReasons(environment: EnvironmentName): Partial<Record<Check, string>> {
  const names = CHECKS.filter((name) => LEVEL_OF[name] === 'config' || LEVEL_OF[name] === 'full');
  return Object.fromEntries(names.map((name) => [name, `not validated: ${environment} is disabled`]));
}

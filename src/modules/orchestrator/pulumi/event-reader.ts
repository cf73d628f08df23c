import type { EngineEvent as PulumiEvent, StepEventMetadata } from '@pulumi/pulumi/automation/events.js';
import { stripVTControlCharacters } from 'node:util';
import { failureCode, judgeCloudError, resourceError, toEngineError } from '../embedded/cloud-failure.js';
import { describeProgramFailure } from '../embedded/program-failure.js';
import { isObject, SECRET_SIGNATURE, SIGNATURE } from '../embedded/property-value.js';
import { protectedError } from '../embedded/protection.js';
import type { ProgramEnd } from '../embedded/runner-pool.js';
import type { SecretVault } from '../embedded/secret-vault.js';
import { isProviderType, nameOf, ROOT_STACK_TYPE } from '../embedded/urn.js';
import type { EngineError, EngineEvent, ResourceAction, ResourceCounts, StackRun } from '../engine.port.js';
import { ALREADY_REPORTED } from './language-host.js';
import type { Refusal } from './provider-host.js';
import {
  isProgramFault,
  readCloudAnswer,
  readInvalidInput,
  readProtection,
  readSurroundings,
} from './pulumi.errors.js';
import { CloudError } from '../../../../tools/sandbox-cloud/provider.port.js';

/** Pulumi's steps as ours. A replacement is the `create` of the new and the `delete` of the old one. */
const ACTIONS: Readonly<Record<string, ResourceAction>> = {
  same: 'same',
  create: 'create',
  'create-replacement': 'create',
  import: 'read',
  'import-replacement': 'read',
  update: 'update',
  delete: 'delete',
  'delete-replaced': 'delete',
  read: 'read',
  'read-replacement': 'read',
  refresh: 'refresh',
};

const COUNTED: Readonly<Record<string, keyof ResourceCounts>> = {
  same: 'unchanged',
  create: 'created',
  import: 'created',
  update: 'updated',
  delete: 'deleted',
  'create-replacement': 'replaced',
  'import-replacement': 'replaced',
};

type Mode = 'preview' | 'up' | 'destroy' | 'refresh' | 'import';

/**
 * Makes our events, counts, outputs and the first failure out of the events of the command line. One run:
 * `resourcePreEvent` → started, `resOutputsEvent` → done, `diagnosticEvent` of severity error on a resource → failed (the
 * later `resOpFailedEvent` says nothing more). Steps that only move things inside the state are not shown.
 */
export class EventReader {
  readonly counts: Record<keyof ResourceCounts, number> = {
    created: 0,
    updated: 0,
    deleted: 0,
    replaced: 0,
    unchanged: 0,
  };
  /** True when the state afterwards says something else than before. */
  hasChanged = false;
  /** Of the root stack, secrets blinded. */
  outputs: Readonly<Record<string, unknown>> = {};
  outputsBefore: Readonly<Record<string, unknown>> = {};
  readonly refusals: Refusal[] = [];
  /** Managed resources that are there afterwards, as far as the events tell: all of them, when the run succeeds. */
  readonly present = new Set<string>();
  #failure: EngineError | undefined;
  #started = new Map<string, { action: ResourceAction; type: string; at: number }>();
  #failed = new Set<string>();

  constructor(
    private readonly run: StackRun,
    private readonly mode: Mode,
    private readonly vault: SecretVault,
    private readonly parts: {
      /** Monotonic, in ms. */
      readonly now: () => number;
      /** undefined while the program runs. */
      readonly programEnd: () => Pick<ProgramEnd, 'code' | 'signal'> | undefined;
    },
  ) {}

  /** The first failure by time. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** Whether an output holds a secret: its value is not in the events. */
  get hasSecretOutputs(): boolean {
    return Object.values(this.outputs).some(holdsSecret);
  }

  /** @param text one event as JSON */
  accept(text: string): void {
    const event = JSON.parse(text) as PulumiEvent;
    if (event.resourcePreEvent) this.#begin(event.resourcePreEvent.metadata);
    else if (event.resOutputsEvent) this.#finish(event.resOutputsEvent.metadata);
    else if (event.resOpFailedEvent) this.#fail(event.resOpFailedEvent.metadata);
    else if (event.diagnosticEvent) this.#say(event.diagnosticEvent);
  }

  /** A line that the program wrote by itself. */
  line(stream: 'stdout' | 'stderr', text: string): void {
    this.#log(stream === 'stdout' ? 'info' : 'warn', text);
  }

  #begin({ op, urn, type, ...step }: StepEventMetadata): void {
    const action = ACTIONS[op];
    if (!action || !isShown(type, step)) return;
    this.#started.set(key(op, urn), { action, type, at: this.parts.now() });
    this.#emit({ kind: 'resource_started', action, urn, type, name: nameOf(urn) });
  }

  #finish(step: StepEventMetadata): void {
    const { op, urn, type } = step;
    if (type === ROOT_STACK_TYPE) {
      this.outputsBefore = step.old?.outputs ?? this.outputsBefore;
      this.outputs = op === 'delete' ? {} : (step.new?.outputs ?? this.outputs);
      if (JSON.stringify(step.old?.outputs ?? {}) !== JSON.stringify(this.outputs)) this.hasChanged = true;
    }
    if (op !== 'same' && op !== 'refresh') this.hasChanged = true;
    const started = this.#started.get(key(op, urn)) ?? this.#started.get(key('refresh', urn));
    const action = started?.action ?? ACTIONS[op];
    if (!action || !isShown(type, step)) return;
    this.#started.delete(key(op, urn));
    const counted = this.#counted(step, action);
    if (counted) this.counts[counted]++;
    if (action === 'delete') {
      if (step.op === 'delete' && !step.old?.delete) this.present.delete(urn);
    } else if (!isExternal(step)) this.present.add(urn);
    const id = step.new?.id ?? step.old?.id;
    this.#emit({
      kind: 'resource_done',
      action,
      urn,
      type,
      name: nameOf(urn),
      ...(id ? { id } : {}),
      durationMs: started ? Math.round(this.parts.now() - started.at) : 0,
    });
  }

  #counted(step: StepEventMetadata, action: ResourceAction): keyof ResourceCounts | undefined {
    if (action === 'refresh') return this.mode === 'refresh' ? refreshed(step) : undefined;
    if (step.op === 'delete' && step.old?.delete) return undefined; // the rest of an earlier replacement
    return COUNTED[step.op];
  }

  #fail({ op, urn, type }: StepEventMetadata): void {
    if (this.#failed.has(urn) || type === ROOT_STACK_TYPE) return;
    const step = { urn, type, action: ACTIONS[op] ?? 'update' };
    this.#record(
      resourceError(step, {
        class: 'resource',
        code: failureCode(step.action),
        message: `${op} failed`,
        retryable: false,
      }),
    );
  }

  #say({ severity, message, urn, ephemeral }: NonNullable<PulumiEvent['diagnosticEvent']>): void {
    const text = stripVTControlCharacters(message).trimEnd();
    // debug lines are the SDK's own chatter; they come with the hidden flags
    if (ephemeral || text === '' || (severity as string) === 'debug') return;
    if (severity !== 'error') return this.#log(severity === 'info' ? 'info' : 'warn', text, urn);
    const type = urn ? typeOf(urn) : '';
    if (!urn || type === ROOT_STACK_TYPE || isProviderType(type) || isProgramFault(text)) {
      const told = describeProgramFailure(text, this.run.programDir);
      this.#log('error', told, urn);
      return this.#keep(this.#programError(told));
    }
    this.#record(this.#resourceError(urn, type, text));
  }

  #resourceError(urn: string, type: string, text: string): EngineError {
    const refusal = this.refusals.find((item) => item.urn === urn);
    const action = refusal?.action ?? this.#actionOf(urn) ?? 'create';
    const step = { urn, type, action };
    if (refusal) return toEngineError(step, refusal.error);
    const what = `${action} of ${type} "${nameOf(urn)}" failed`;
    const invalid = readInvalidInput(text);
    const plain = { class: 'validation' as const, code: failureCode(action), retryable: false };
    if (invalid !== undefined) return resourceError(step, { ...plain, message: `${what}: ${invalid}` });
    const deed = readProtection(text);
    if (deed) return protectedError({ ...step, action: deed === 'deleted' ? 'delete' : 'update' }, deed);
    const answer = readCloudAnswer(text);
    if (!answer) return resourceError(step, { ...plain, class: 'resource', message: `${what}: ${text}` });
    const error = new CloudError(answer.code, answer.message, answer.retryable);
    return resourceError(step, {
      ...judgeCloudError(error, failureCode(action)),
      message: `${what}: ${answer.code}: ${answer.message}`,
      cloudCode: answer.code,
    });
  }

  #programError(message: string): EngineError {
    const refused = this.refusals.find(
      (item) => item.urn === '' && item.error instanceof CloudError && message.includes(item.error.message),
    )?.error;
    if (refused instanceof CloudError) {
      return { ...judgeCloudError(refused, 'PROGRAM_FAILED'), message, cloudCode: refused.code };
    }
    const problem = readSurroundings(message);
    if (problem) return { ...problem };
    const { code, signal } = this.parts.programEnd() ?? { code: 1, signal: null };
    const isOurs = signal !== null || (code !== 0 && code !== 1 && code !== ALREADY_REPORTED);
    return { class: isOurs ? 'internal' : 'validation', code: 'PROGRAM_FAILED', message, retryable: false };
  }

  #actionOf(urn: string): ResourceAction | undefined {
    return [...this.#started].find(([started]) => started.endsWith(` ${urn}`))?.[1].action;
  }

  #record(error: EngineError): void {
    const { urn = '', resourceType = '' } = error;
    this.#keep(error);
    if (this.#failed.has(urn)) return;
    this.#failed.add(urn);
    const action = this.refusals.find((item) => item.urn === urn)?.action ?? this.#actionOf(urn) ?? 'create';
    this.#emit({
      kind: 'resource_failed',
      action,
      urn,
      type: resourceType,
      name: nameOf(urn),
      error: { ...error, message: this.vault.redact(error.message) },
    });
  }

  #keep(error: EngineError): void {
    this.#failure ??= { ...error, message: this.vault.redact(error.message) };
  }

  #log(level: 'info' | 'warn' | 'error', message: string, urn?: string): void {
    this.#emit({ kind: 'log', level, message: this.vault.redact(message), ...(urn ? { urn } : {}) });
  }

  #emit(event: EngineEvent): void {
    this.run.onEvent(event);
  }
}

function key(op: string, urn: string): string {
  return `${op} ${urn}`;
}

function typeOf(urn: string): string {
  const qualified = urn.split('::')[2] ?? '';
  return qualified.slice(qualified.lastIndexOf('$') + 1);
}

/** Custom resources of this stack; reads are shown, but not counted. */
function isShown(type: string, { old, new: made }: Pick<StepEventMetadata, 'old' | 'new'>): boolean {
  return type !== ROOT_STACK_TYPE && !isProviderType(type) && ((made ?? old)?.custom ?? false);
}

function isExternal({ op, new: made }: StepEventMetadata): boolean {
  return op === 'read' || op === 'read-replacement' || (made as { external?: boolean } | undefined)?.external === true;
}

/** What a refresh found, told from what it made of the resource. */
function refreshed({ old, new: made, op }: StepEventMetadata): keyof ResourceCounts {
  if (!made || op === 'delete') return 'deleted';
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return same(old?.outputs, made.outputs) && same(old?.inputs, made.inputs) ? 'unchanged' : 'updated';
}

function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (value === '[secret]') return true;
  return isObject(value) && (value[SIGNATURE] === SECRET_SIGNATURE || Object.values(value).some(holdsSecret));
}

import {
  CloudError,
  type CheckFailure,
  type ResourceDiff,
  type ResourceProvider,
} from '../../../../tools/sandbox-cloud/provider.port.js';
import type { Log } from '../../../shared/kernel/log.js';
import { StepTimeout } from './cloud-failure.js';
import { forProvider, keepSecretMarks, markSecret, type PropertyMap } from './property-value.js';
import type { ResourceRecord } from './stack-state.js';

/** Pauses before the second and third attempt, each × 0.5 to 1.5 (deployments.md 7.8). */
const RETRY_PAUSES_MS = [1_000, 2_000];

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

interface Named {
  readonly urn: string;
  readonly type: string;
}

/**
 * The engine's side of a cloud: takes secrets and references out on the way in, puts the secret marks back on the way
 * out, ends a step that outlives its time limit, and retries what the cloud marks retryable.
 */
export class ProviderBridge {
  constructor(
    private readonly provider: ResourceProvider,
    private readonly options: {
      /** Aborted when nobody waits for the answer any longer. */
      readonly signal: AbortSignal;
      readonly sleep: Sleep;
      readonly random: () => number;
      readonly log: Log;
      /** Marks what holds a secret of the configuration. */
      readonly mark: (properties: PropertyMap) => PropertyMap;
    },
  ) {}

  async check(
    resource: Named,
    news: PropertyMap,
    olds: PropertyMap | undefined,
    preview: boolean,
  ): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }> {
    const answer = await this.#retried(resource, () =>
      this.provider.check({
        ...named(resource),
        news: forProvider(news),
        ...(olds ? { olds: forProvider(olds) } : {}),
        preview,
      }),
    );
    return { inputs: this.options.mark(keepSecretMarks(answer.inputs, news)), failures: answer.failures };
  }

  diff(old: ResourceRecord, news: PropertyMap, urn = old.urn): Promise<ResourceDiff> {
    return this.#retried(old, () =>
      this.provider.diff({
        urn,
        type: old.type,
        id: old.id,
        oldInputs: forProvider(old.inputs),
        oldOutputs: forProvider(old.outputs),
        news: forProvider(news),
      }),
    );
  }

  async create(record: ResourceRecord, preview: boolean, token: string): Promise<{ id: string; outputs: PropertyMap }> {
    const answer = await this.#retried(record, () =>
      this.#limited(record.customTimeouts.create, (signal) =>
        this.provider.create({ ...named(record), inputs: forProvider(record.inputs), preview, token, signal }),
      ),
    );
    return { id: answer.id, outputs: this.#marked(answer.outputs, record) };
  }

  async update(old: ResourceRecord, record: ResourceRecord, preview: boolean): Promise<PropertyMap> {
    const answer = await this.#retried(record, () =>
      this.#limited(record.customTimeouts.update, (signal) =>
        this.provider.update({
          ...named(record),
          id: old.id,
          oldInputs: forProvider(old.inputs),
          oldOutputs: forProvider(old.outputs),
          news: forProvider(record.inputs),
          preview,
          signal,
        }),
      ),
    );
    return this.#marked(answer.outputs, record);
  }

  async delete(record: ResourceRecord): Promise<void> {
    await this.#retried(record, () =>
      this.#limited(record.customTimeouts.delete, (signal) =>
        this.provider.delete({ ...named(record), id: record.id, outputs: forProvider(record.outputs), signal }),
      ),
    );
  }

  /** null = gone. Outputs and inputs keep the secret marks of the record. */
  async read(record: ResourceRecord): Promise<{ id: string; inputs: PropertyMap; outputs: PropertyMap } | null> {
    const answer = await this.#retried(record, () =>
      this.provider.read({
        ...named(record),
        id: record.id,
        inputs: forProvider(record.inputs),
        outputs: forProvider(record.outputs),
      }),
    );
    if (!answer) return null;
    const inputs = this.options.mark(keepSecretMarks(answer.inputs, record.inputs));
    const outputs = keepSecretMarks(this.#marked(answer.outputs, { ...record, inputs }), record.outputs);
    return { id: answer.id, inputs, outputs };
  }

  /** What a killed run created under this token. */
  async find(record: ResourceRecord, token: string): Promise<{ id: string; outputs: PropertyMap } | null> {
    const answer = await this.#retried(record, () => this.provider.find({ ...named(record), token }));
    return answer && { id: answer.id, outputs: this.#marked(answer.outputs, record) };
  }

  invoke(
    token: string,
    args: Record<string, unknown>,
  ): Promise<{ result: PropertyMap; failures: readonly CheckFailure[] }> {
    return this.#retried({ urn: '', type: token }, () => this.provider.invoke({ token, args }));
  }

  /** Secret: what came from a secret input or the configuration's, what the program says, what the provider says of the type. */
  #marked(outputs: PropertyMap, record: ResourceRecord): PropertyMap {
    const ofType = this.provider.secretOutputs?.(record.type) ?? [];
    const marked = this.options.mark(keepSecretMarks(outputs, record.inputs));
    return markSecret(marked, [...record.additionalSecretOutputs, ...ofType]);
  }

  async #retried<T>(resource: Named, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        const pause = RETRY_PAUSES_MS[failures];
        if (!(error instanceof CloudError) || !error.retryable || pause === undefined) throw error;
        if (this.options.signal.aborted) throw error;
        const { type, urn } = resource;
        this.options.log.warn('cloud call is retried', { type, urn, attempt: failures + 2, code: error.code });
        await this.options.sleep(pause * (0.5 + this.options.random()), this.options.signal);
        if (this.options.signal.aborted) throw error;
      }
    }
  }

  /** @param seconds limit of the program (`customTimeouts`); absent = none */
  async #limited<T>(seconds: number | undefined, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.options;
    if (seconds === undefined) return call(signal);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), seconds * 1_000);
    try {
      return await call(AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      throw limit.signal.aborted && !signal.aborted ? new StepTimeout(seconds) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function named({ urn, type }: Named): Named {
  return { urn, type };
}

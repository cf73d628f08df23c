import { changedInputs, completeInputs, hasUnknown } from '../sandbox-cloud/inputs.js';
import {
  type CheckFailure,
  CloudError,
  type CreateRequest,
  type Properties,
  type ResourceDiff,
  type ResourceProvider,
  type ResourceRef,
  UNKNOWN,
} from '../sandbox-cloud/provider.port.js';
import type { RandomType } from './random-type.js';
import { randomTypeOf } from './random-types.js';

/**
 * The `random` package without its plugin: arguments, defaults, rules, ids and results of the real provider, values from the operating
 * system's secure generator. It has no account and keeps nothing: a value exists where the engine stores it, and only there. So one
 * instance serves every run.
 */
export class RandomProvider implements ResourceProvider {
  secretOutputs(type: string): readonly string[] {
    return randomTypeOf(type).secretResults ?? [];
  }

  check(
    request: ResourceRef & { readonly news: Properties },
  ): Promise<{ inputs: Properties; failures: readonly CheckFailure[] }> {
    return attempt(() => {
      const type = randomTypeOf(request.type);
      const { inputs, failures } = completeInputs(request.type, type.inputs, request.news);
      return { inputs, failures: [...failures, ...(type.validate?.(inputs) ?? [])] };
    });
  }

  /** Saying a default aloud changes nothing; everything else replaces. */
  diff(request: ResourceRef & { readonly oldInputs: Properties; readonly news: Properties }): Promise<ResourceDiff> {
    return attempt(() => {
      const type = randomTypeOf(request.type);
      const [olds, news] = [completed(type, request.oldInputs), completed(type, request.news)];
      const changedKeys = changedInputs(type.inputs, olds, news);
      return { changes: changedKeys.length > 0, replaces: changedKeys, changedKeys, deleteBeforeReplace: false };
    });
  }

  async create(request: CreateRequest): Promise<{ id: string; outputs: Properties }> {
    const type = randomTypeOf(request.type);
    const inputs = completed(type, request.inputs);
    if (request.preview) {
      return { id: UNKNOWN, outputs: { ...inputs, ...Object.fromEntries(type.results.map((key) => [key, UNKNOWN])) } };
    }
    const unknown = Object.keys(inputs).find((key) => hasUnknown(inputs[key]));
    if (unknown) throw new CloudError('UnknownValue', `${request.urn}: the value of "${unknown}" is not known yet`);
    const { id, results } = await type.generate(inputs);
    return { id, outputs: { ...inputs, ...results } };
  }

  /** What the state knows is all there is; without it, the id is one to import. */
  async read(
    request: ResourceRef & { readonly id: string; readonly inputs?: Properties; readonly outputs?: Properties },
  ): Promise<{ id: string; inputs: Properties; outputs: Properties } | null> {
    const type = randomTypeOf(request.type);
    const { id, inputs = {}, outputs = {} } = request;
    if (Object.keys(outputs).length > 0) return { id, inputs, outputs };
    if (!type.adopt) throw new CloudError('ImportNotSupported', `${request.type} cannot be imported`);
    const adopted = await type.adopt(id);
    return { ...adopted, outputs: { ...completed(type, adopted.inputs), ...adopted.results } };
  }

  /** Every argument replaces, so the value stays. */
  update(
    request: ResourceRef & { readonly oldOutputs: Properties; readonly news: Properties },
  ): Promise<{ outputs: Properties }> {
    return attempt(() => {
      const type = randomTypeOf(request.type);
      const results = Object.fromEntries(type.results.map((key) => [key, request.oldOutputs[key]]));
      return { outputs: { ...request.oldOutputs, ...completed(type, request.news), ...results } };
    });
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  invoke(request: { readonly token: string }): Promise<never> {
    return Promise.reject(
      new CloudError('UnsupportedInvoke', `the random provider does not know the function ${request.token}`),
    );
  }

  /** A value that was not saved is lost, and nothing is left behind by it. */
  find(): Promise<null> {
    return Promise.resolve(null);
  }
}

function completed(type: RandomType, inputs: Properties): Properties {
  return type.complete?.(inputs) ?? inputs;
}

/** A throw becomes a rejection. */
function attempt<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}

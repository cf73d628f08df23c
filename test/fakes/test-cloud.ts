import {
  CloudError,
  type CreateRequest,
  type Properties,
  type ResourceDiff,
  type ResourceProvider,
  type ResourceRef,
  UNKNOWN,
} from '../../tools/sandbox-cloud/provider.port.js';

interface Thing {
  readonly id: string;
  readonly type: string;
  readonly urn: string;
  readonly token: string;
  inputs: Properties;
  outputs: Properties;
}

export type CloudOperation = 'check' | 'diff' | 'create' | 'read' | 'update' | 'delete' | 'invoke' | 'find';

/** Inputs whose change makes a new thing. */
const REPLACING = new Set(['cidrBlock', 'vpcId', 'bucket', 'name']);
/** Types with a fixed name: two cannot exist at once. */
const SINGLETONS = new Set(['aws:sns/topic:Topic']);

/**
 * A cloud of nothing but things with ids, just enough to hold an engine to its rules. Any type; `cidrBlock`, `vpcId`,
 * `bucket` and `name` replace; `arn` is computed. Every call is recorded as `<operation> <name>`.
 */
export class TestCloud implements ResourceProvider {
  readonly things = new Map<string, Thing>();
  readonly calls: string[] = [];
  /** Called before every operation; throw to fail it, wait to delay it. */
  intercept: (operation: CloudOperation, name: string, signal?: AbortSignal) => void | Promise<void> = () => undefined;
  /** Called after create, update and delete have happened: the cloud has done it, the engine does not know yet. */
  afterwards: (operation: CloudOperation, name: string) => void | Promise<void> = () => undefined;
  #count = 0;

  async check(request: ResourceRef & { olds?: Properties; news: Properties; preview: boolean }) {
    await this.#enter('check', request.urn);
    const failures = [];
    if (request.news['invalid'] !== undefined) failures.push({ property: 'invalid', reason: 'is not allowed' });
    const inputs = { ...request.news };
    const tags = inputs['tags'] as Properties | undefined;
    if (tags?.['Invalid']) failures.push({ property: 'tags.Invalid', reason: 'is not allowed' });
    return { inputs, failures };
  }

  async diff(request: ResourceRef & { id: string; oldInputs: Properties; oldOutputs: Properties; news: Properties }) {
    await this.#enter('diff', request.urn);
    const keys = new Set([...Object.keys(request.oldInputs), ...Object.keys(request.news)]);
    const changedKeys = [...keys].filter(
      (key) => JSON.stringify(request.oldInputs[key]) !== JSON.stringify(request.news[key]),
    );
    const answer: ResourceDiff = {
      changes: changedKeys.length > 0,
      changedKeys,
      replaces: changedKeys.filter((key) => REPLACING.has(key)),
      deleteBeforeReplace: SINGLETONS.has(request.type),
    };
    return answer;
  }

  async create(request: CreateRequest) {
    if (request.preview) return { id: '', outputs: { ...request.inputs, arn: UNKNOWN } };
    await this.#enter('create', request.urn, request.signal);
    const id = `${(request.type.split(':').at(-1) ?? '').toLowerCase()}-${++this.#count}`;
    const outputs = { ...request.inputs, arn: `arn:aws:test:::${id}` };
    const { type, urn, token, inputs } = request;
    this.things.set(id, { id, type, urn, token, inputs, outputs });
    await this.afterwards('create', nameOf(urn));
    return { id, outputs };
  }

  async read(request: ResourceRef & { id: string }) {
    await this.#enter('read', request.urn);
    const thing = this.things.get(request.id);
    return thing ? { id: thing.id, inputs: thing.inputs, outputs: thing.outputs } : null;
  }

  async update(
    request: ResourceRef & {
      id: string;
      oldOutputs: Properties;
      news: Properties;
      preview: boolean;
      signal?: AbortSignal;
    },
  ) {
    const outputs = { ...request.news, arn: request.oldOutputs['arn'] };
    if (request.preview) return { outputs };
    await this.#enter('update', request.urn, request.signal);
    const thing = this.things.get(request.id);
    if (!thing) throw new CloudError('NotFound', `${request.id} does not exist`);
    Object.assign(thing, { inputs: request.news, outputs });
    await this.afterwards('update', nameOf(request.urn));
    return { outputs };
  }

  async delete(request: ResourceRef & { id: string; signal?: AbortSignal }) {
    await this.#enter('delete', request.urn, request.signal);
    this.things.delete(request.id);
    await this.afterwards('delete', nameOf(request.urn));
  }

  async invoke({ token, args }: { token: string; args: Properties }) {
    await this.#enter('invoke', token);
    if (args['filters'] !== undefined) {
      return { result: {}, failures: [{ property: 'filters', reason: 'is not allowed' }] };
    }
    return { result: { id: 'us-east-1', names: ['us-east-1a', 'us-east-1b'], ...args }, failures: [] };
  }

  async find(request: ResourceRef & { token: string }) {
    await this.#enter('find', request.urn);
    const thing = [...this.things.values()].find(({ token }) => token === request.token);
    return thing ? { id: thing.id, outputs: thing.outputs } : null;
  }

  /** The one thing of this name. */
  named(name: string): Thing | undefined {
    return [...this.things.values()].find((thing) => nameOf(thing.urn) === name);
  }

  /** Calls that change something, in order. */
  changes(): string[] {
    return this.calls.filter((call) => /^(create|update|delete) /.test(call));
  }

  async #enter(operation: CloudOperation, urn: string, signal?: AbortSignal): Promise<void> {
    this.calls.push(`${operation} ${nameOf(urn)}`);
    await this.intercept(operation, nameOf(urn), signal);
  }
}

function nameOf(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}

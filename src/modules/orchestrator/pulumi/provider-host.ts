import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct, { type JavaScriptValue, type Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import proto from '@pulumi/pulumi/proto/provider_pb.js';
import {
  CloudError,
  UNKNOWN,
  type CheckFailure,
  type ResourceProvider,
} from '../../../../tools/sandbox-cloud/provider.port.js';
import { toProgram } from '../embedded/property-codec.js';
import {
  isObject,
  mapValues,
  Secret,
  SECRET_SIGNATURE,
  SIGNATURE,
  type PropertyMap,
} from '../embedded/property-value.js';
import { ProviderBridge } from '../embedded/provider-bridge.js';
import { settingProblem } from '../embedded/provider-settings.js';
import { aRecord, type ResourceRecord } from '../embedded/stack-state.js';
import type { ResourceAction, StackRef } from '../engine.port.js';
import { implement, listen, newServer, unary } from './grpc.js';
import { createToken } from './create-token.js';
import { detailedDiff, type PropertyChange } from './detailed-diff.js';

/** A package that is served from this process instead of a plug-in. */
export interface ServedPackage {
  readonly name: string;
  /** Version of the SDK that programs load. */
  readonly version: string;
  /** @param region of the provider's configuration; of no meaning to a package that is no cloud */
  readonly providerFor: (region: string) => ResourceProvider;
}

/** What the cloud has refused, in order; text of the command line is only looked at for what is not here. */
export interface Refusal {
  /** Empty for a look-up. */
  readonly urn: string;
  readonly action: ResourceAction;
  readonly error: unknown;
}

export interface ProviderHostOptions {
  readonly run: StackRef;
  /** Names this run in the tokens of what it creates. */
  readonly runId: string;
  readonly bridge: ConstructorParameters<typeof ProviderBridge>[1];
  readonly onRefusal: (refusal: Refusal) => void;
  /** Told every secret that passes by. */
  readonly onSecret: (value: unknown) => void;
  /**
   * True: the command line hands over secrets marked, and the marks are put back here, as they are in the embedded engine.
   * False: it takes them off and puts them back itself, as it does for plug-ins that know none.
   */
  readonly seesSecrets: boolean;
}

/** One provider of the program. */
interface Connection {
  readonly region: string;
  readonly bridge: ProviderBridge;
}

/**
 * Serves one package to one run of the command line, which attaches to it (`PULUMI_DEBUG_PROVIDERS`) instead of starting a
 * plug-in. Every provider of the program is a connection of its own with a configuration of its own.
 */
export class ProviderHost {
  readonly #server: Server = newServer();
  /** By the peer's address. */
  readonly #connections = new Map<string, Connection>();
  readonly #bridges = new Map<string, ProviderBridge>();
  readonly #creations = new Map<string, number>();

  constructor(
    private readonly served: ServedPackage,
    private readonly options: ProviderHostOptions,
  ) {}

  /** @returns `aws:40123`, an entry of PULUMI_DEBUG_PROVIDERS */
  async open(): Promise<string> {
    this.#server.addService(ResourceProviderService, implement(ResourceProviderService, this.#implementation()));
    return `${this.served.name}:${await listen(this.#server)}`;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #implementation(): UntypedServiceImplementation {
    const { seesSecrets } = this.options;
    return {
      handshake: unary(() =>
        new proto.ProviderHandshakeResponse().setAcceptSecrets(seesSecrets).setAcceptResources(false),
      ),
      attach: unary(() => new empty.Empty()),
      getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(this.served.version)),
      checkConfig: unary((request: proto.CheckRequest) => this.#checkConfig(request)),
      diffConfig: unary((request: proto.DiffRequest) => this.#diffConfig(request)),
      configure: unary((request: proto.ConfigureRequest, call) => this.#configure(request, call.getPeer())),
      check: unary((request: proto.CheckRequest, call) => this.#check(request, this.#bridge(call.getPeer()))),
      diff: unary((request: proto.DiffRequest, call) => this.#diff(request, this.#bridge(call.getPeer()))),
      create: unary((request: proto.CreateRequest, call) => this.#create(request, this.#bridge(call.getPeer()))),
      update: unary((request: proto.UpdateRequest, call) => this.#update(request, this.#bridge(call.getPeer()))),
      read: unary((request: proto.ReadRequest, call) => this.#read(request, this.#bridge(call.getPeer()))),
      delete: unary((request: proto.DeleteRequest, call) => this.#delete(request, this.#bridge(call.getPeer()))),
      invoke: unary((request: proto.InvokeRequest, call) => this.#invoke(request, this.#bridge(call.getPeer()))),
      // running steps get the run's grace time; what outlives it is aborted by the signal of the bridge
      cancel: unary(() => new empty.Empty()),
    };
  }

  #checkConfig(request: proto.CheckRequest): proto.CheckResponse {
    const news = this.#received(request.getNews());
    const problem = settingProblem(this.served.name, news, this.options.run.account);
    const failures = problem ? [{ property: problem.property, reason: problem.reason }] : [];
    return this.#checked(news, failures);
  }

  /** A provider that moves to another region is another provider: what it serves is made anew. */
  #diffConfig(request: proto.DiffRequest): proto.DiffResponse {
    const olds = this.#received(request.getOldInputs() ?? request.getOlds());
    const news = this.#received(request.getNews());
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
    );
    return new proto.DiffResponse()
      .setChanges(
        changed.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE,
      )
      .setDiffsList(changed)
      .setReplacesList(changed.filter((key) => key === 'region'));
  }

  #configure(request: proto.ConfigureRequest, peer: string): proto.ConfigureResponse {
    const { region } = plainOf(this.#received(request.getArgs()));
    const named = typeof region === 'string' && region !== '' && region !== UNKNOWN ? region : this.options.run.region;
    this.#connections.set(peer, { region: named, bridge: this.#bridgeOf(named) });
    return new proto.ConfigureResponse()
      .setAcceptsecrets(this.options.seesSecrets)
      .setSupportspreview(true)
      .setAcceptresources(false)
      .setAcceptoutputs(false);
  }

  async #check(request: proto.CheckRequest, bridge: ProviderBridge): Promise<proto.CheckResponse> {
    const named = resourceOf(request.getUrn());
    const olds = request.hasOlds() ? this.#received(request.getOlds()) : undefined;
    const isNew = olds === undefined || Object.keys(olds).length === 0;
    try {
      const { inputs, failures } = await bridge.check(
        named,
        this.#received(request.getNews()),
        isNew ? undefined : olds,
        false,
      );
      return this.#checked(inputs, failures);
    } catch (error) {
      throw this.#refused(named.urn, isNew ? 'create' : 'update', error);
    }
  }

  async #diff(request: proto.DiffRequest, bridge: ProviderBridge): Promise<proto.DiffResponse> {
    const record = this.#record(request, {
      inputs: this.#received(request.getOldInputs()),
      outputs: this.#received(request.getOlds()),
    });
    try {
      const news = this.#received(request.getNews());
      const diff = await bridge.diff(record, news);
      const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
      const answer = new proto.DiffResponse().setHasdetaileddiff(true);
      for (const [path, change] of detailedDiff(record.inputs, news, diff)) {
        answer.getDetaileddiffMap().set(path, propertyDiff(change));
      }
      return answer
        .setChanges(diff.changes ? DIFF_SOME : DIFF_NONE)
        .setDiffsList([...diff.changedKeys])
        .setReplacesList([...diff.replaces])
        .setDeletebeforereplace(diff.deleteBeforeReplace);
    } catch (error) {
      throw this.#refused(record.urn, 'update', error);
    }
  }

  async #create(request: proto.CreateRequest, bridge: ProviderBridge): Promise<proto.CreateResponse> {
    const preview = request.getPreview();
    const record = this.#record(request, {
      id: '',
      inputs: this.#received(request.getProperties()),
      customTimeouts: secondsOf('create', request.getTimeout()),
    });
    const nth = this.#creations.get(record.urn) ?? 0;
    if (!preview) this.#creations.set(record.urn, nth + 1);
    try {
      const made = await bridge.create(record, preview, createToken(this.options.runId, record.urn, nth));
      return new proto.CreateResponse().setId(preview ? '' : made.id).setProperties(this.#write(made.outputs));
    } catch (error) {
      throw this.#refused(record.urn, 'create', error);
    }
  }

  async #update(request: proto.UpdateRequest, bridge: ProviderBridge): Promise<proto.UpdateResponse> {
    const old = this.#record(request, {
      inputs: this.#received(request.getOldInputs()),
      outputs: this.#received(request.getOlds()),
    });
    const record = {
      ...old,
      inputs: this.#received(request.getNews()),
      customTimeouts: secondsOf('update', request.getTimeout()),
    };
    try {
      return new proto.UpdateResponse().setProperties(
        this.#write(await bridge.update(old, record, request.getPreview())),
      );
    } catch (error) {
      throw this.#refused(old.urn, 'update', error);
    }
  }

  async #read(request: proto.ReadRequest, bridge: ProviderBridge): Promise<proto.ReadResponse> {
    const record = this.#record(request, {
      inputs: this.#received(request.getInputs()),
      outputs: this.#received(request.getProperties()),
    });
    try {
      const found = await bridge.read(record);
      if (!found) return new proto.ReadResponse();
      return new proto.ReadResponse()
        .setId(found.id)
        .setInputs(this.#write(found.inputs))
        .setProperties(this.#write(found.outputs));
    } catch (error) {
      throw this.#refused(record.urn, 'read', error);
    }
  }

  async #delete(request: proto.DeleteRequest, bridge: ProviderBridge): Promise<empty.Empty> {
    const record = this.#record(request, {
      outputs: this.#received(request.getProperties()),
      customTimeouts: secondsOf('delete', request.getTimeout()),
    });
    try {
      await bridge.delete(record);
      return new empty.Empty();
    } catch (error) {
      throw this.#refused(record.urn, 'delete', error);
    }
  }

  async #invoke(request: proto.InvokeRequest, bridge: ProviderBridge): Promise<proto.InvokeResponse> {
    try {
      const { result, failures } = await bridge.invoke(request.getTok(), plainOf(this.#received(request.getArgs())));
      return new proto.InvokeResponse().setReturn(this.#write(result)).setFailuresList(failures.map(failureMessage));
    } catch (error) {
      throw this.#refused('', 'read', error);
    }
  }

  /**
   * A connection that was idle for half an hour is opened anew under another address: with one region nothing is lost by it.
   * @throws CloudError when it cannot be told which region is meant
   */
  #bridge(peer: string): ProviderBridge {
    const known = this.#connections.get(peer);
    if (known) return known.bridge;
    const [bridge, second] = this.#bridges.values();
    if (bridge && !second) return bridge;
    throw new CloudError('ProviderNotConfigured', 'the provider was called before it was configured');
  }

  #bridgeOf(region: string): ProviderBridge {
    let bridge = this.#bridges.get(region);
    if (!bridge) {
      bridge = new ProviderBridge(this.served.providerFor(region), this.options.bridge);
      this.#bridges.set(region, bridge);
    }
    return bridge;
  }

  #refused(urn: string, action: ResourceAction, error: unknown): Error {
    this.options.onRefusal({ urn, action, error });
    if (error instanceof CloudError) return new CloudError(error.code, `${error.code}: ${error.message}`);
    return error instanceof Error ? error : new CloudError('InternalFailure', String(error));
  }

  #record(request: { getUrn(): string; getId?(): string }, fields: Partial<ResourceRecord>): ResourceRecord {
    return aRecord({ ...resourceOf(request.getUrn()), id: request.getId?.() ?? '', ...fields });
  }

  /** Engine → provider; secrets keep their mark. */
  #received(properties: Struct | undefined): Record<string, unknown> {
    const read = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(read);
      if (!isObject(value)) return value;
      if (value[SIGNATURE] !== SECRET_SIGNATURE) return mapValues(value, read);
      const secret = new Secret(read(value['value']));
      this.options.onSecret(secret.value);
      return secret;
    };
    return mapValues(properties?.toJavaScript() ?? {}, read);
  }

  #checked(inputs: PropertyMap, failures: readonly CheckFailure[]): proto.CheckResponse {
    return new proto.CheckResponse().setInputs(this.#write(inputs)).setFailuresList(failures.map(failureMessage));
  }

  /** Provider → engine. */
  #write(properties: PropertyMap): Struct {
    const marked = this.options.seesSecrets ? properties : plainOf(properties);
    return struct.Struct.fromJavaScript(toProgram(marked) as Record<string, JavaScriptValue>);
  }
}

function resourceOf(urn: string): { urn: string; type: string } {
  const qualified = urn.split('::')[2] ?? '';
  return { urn, type: qualified.slice(qualified.lastIndexOf('$') + 1) };
}

function plainOf(properties: PropertyMap): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (value instanceof Secret) return value.value;
    if (Array.isArray(value)) return value.map(plain);
    return isObject(value) ? mapValues(value, plain) : value;
  };
  return mapValues(properties, plain);
}

/** The protocol's 0 means no limit of the program. */
function secondsOf(
  operation: 'create' | 'update' | 'delete',
  seconds: number,
): Partial<Record<typeof operation, number>> {
  return seconds > 0 ? { [operation]: seconds } : {};
}

function propertyDiff({ kind, replaces }: PropertyChange): proto.PropertyDiff {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
  const kinds = {
    add: [ADD, ADD_REPLACE],
    delete: [DELETE, DELETE_REPLACE],
    update: [UPDATE, UPDATE_REPLACE],
  } as const;
  return new proto.PropertyDiff().setKind(kinds[kind][replaces ? 1 : 0]).setInputdiff(true);
}

function failureMessage({ property, reason }: CheckFailure): proto.CheckFailure {
  return new proto.CheckFailure().setProperty(property).setReason(reason);
}

import { status, type handleUnaryCall, type sendUnaryData, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { isAbsolute, relative } from 'node:path';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct, { type JavaScriptValue, type Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import resource from '@pulumi/pulumi/proto/resource_pb.js';
import type { Alias as AliasMessage } from '@pulumi/pulumi/proto/alias_pb.js';
import type {
  ReadResourceRequest,
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  ResourceInvokeRequest,
} from '@pulumi/pulumi/proto/resource_pb.js';
import type { SourcePosition } from '@pulumi/pulumi/proto/source_pb.js';
import { CloudError } from '../../../../tools/sandbox-cloud/provider.port.js';
import { AppError } from '../../../shared/errors/app-error.js';
import { NotSupported, ProgramFault } from '../engine.errors.js';
import type { Alias } from './aliases.js';
import type { Goal } from './goal.js';
import { fromProgram, toProgram } from './property-codec.js';
import { withoutSecrets, type PropertyMap } from './property-value.js';
import type { Providers } from './providers.js';
import type { Registrations } from './registrations.js';
import { RunStopped, type RunContext } from './run-context.js';
import type { CustomTimeouts, ResourceRecord } from './stack-state.js';

/** Everything that is answered truthfully; what is missing here the SDK itself refuses to use. */
const FEATURES: Readonly<Record<string, resource.ResourceMonitorFeature>> = {
  secrets: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  resourceReferences: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  outputValues: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  aliasSpecs: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  deletedWith: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  replaceWith: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  invokeDependsOn: resource.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
};

const GET_RESOURCE = 'pulumi:pulumi:getResource';

/** What look-ups of the cloud have refused; a program that fails over it is judged by it. */
export type InvokeFailures = CloudError[];

/** Pulumi's ResourceMonitor protocol for one run: translates between protobuf and the engine, and decides nothing. */
export class MonitorService {
  readonly invokeFailures: InvokeFailures = [];

  constructor(
    private readonly context: RunContext,
    private readonly registrations: Registrations,
    private readonly providers: Providers,
  ) {}

  /** The program has said everything it wants. */
  get isComplete(): boolean {
    return this.registrations.hasStackOutputs;
  }

  implementation(): UntypedServiceImplementation {
    const refuse = (what: string): handleUnaryCall<unknown, unknown> =>
      this.#unary(() => Promise.reject(new NotSupported(what)));
    return {
      getDeploymentInfo: this.#unary(async () => this.#deploymentInfo()),
      supportsFeature: this.#unary(async (request: resource.SupportsFeatureRequest) =>
        new resource.SupportsFeatureResponse().setHassupport(Object.hasOwn(FEATURES, request.getId())),
      ),
      registerResource: this.#unary((request: RegisterResourceRequest) => this.#register(request)),
      registerResourceOutputs: this.#unary((request: RegisterResourceOutputsRequest) => this.#registerOutputs(request)),
      readResource: this.#unary((request: ReadResourceRequest) => this.#read(request)),
      invoke: this.#unary((request: ResourceInvokeRequest) => this.#invoke(request)),
      signalAndWaitForShutdown: this.#unary(async () => new empty.Empty()),
      call: this.#unary((request: resource.ResourceCallRequest) =>
        Promise.reject(new NotSupported(`the provider method "${request.getTok()}"`)),
      ),
      registerPackage: this.#unary((request: resource.RegisterPackageRequest) =>
        Promise.reject(new NotSupported(`the parameterized package "${request.getName()}"`)),
      ),
      existsResource: refuse('existsResource'),
      registerStackTransform: refuse('a resource transform'),
      registerStackInvokeTransform: refuse('an invoke transform'),
      registerResourceHook: refuse('a resource hook'),
      registerErrorHook: refuse('an error hook'),
    };
  }

  #deploymentInfo(): resource.DeploymentInfo {
    const { run, preview } = this.context;
    const info = new resource.DeploymentInfo()
      .setProject(run.project)
      .setStack(run.stack)
      .setOrganization(run.pulumiOrg)
      .setDryrun(preview)
      .setParallel(run.parallel ?? 16)
      .setSupportedfeaturesList(Object.values(FEATURES));
    // secrets go to the program alone, never through an open port
    for (const [key, value] of Object.entries(run.config)) {
      if (!run.secretKeys.includes(key)) info.getConfigMap().set(key, value);
    }
    return info.setConfigsecretkeysList([...run.secretKeys]);
  }

  async #register(request: RegisterResourceRequest): Promise<resource.RegisterResourceResponse> {
    refuseUnsupported(request);
    const inputs = await this.#properties(request.getObject());
    const record = await this.registrations.register(this.#goal(request, inputs));
    return new resource.RegisterResourceResponse()
      .setUrn(record.urn)
      .setId(record.id)
      .setObject(toStruct(record.custom ? record.outputs : {}));
  }

  async #registerOutputs(request: RegisterResourceOutputsRequest): Promise<empty.Empty> {
    await this.registrations.registerOutputs(request.getUrn(), await this.#properties(request.getOutputs()));
    return new empty.Empty();
  }

  async #read(request: ReadResourceRequest): Promise<resource.ReadResourceResponse> {
    const record = await this.registrations.read({
      type: request.getType(),
      name: request.getName(),
      id: request.getId(),
      inputs: await this.#properties(request.getProperties()),
      parent: request.getParent(),
      provider: request.getProvider(),
      version: request.getVersion(),
      dependencies: request.getDependenciesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      sourcePosition: this.#position(request.getSourceposition()),
    });
    return new resource.ReadResourceResponse().setUrn(record.urn).setProperties(toStruct(record.outputs));
  }

  async #invoke(request: ResourceInvokeRequest): Promise<resource.ResourceInvokeResponse> {
    this.context.assertOpen();
    const token = request.getTok();
    const args = await this.#properties(request.getArgs());
    if (token === GET_RESOURCE) return this.#getResource(String(args['urn']));
    if (request.getDependsonList().some((urn) => this.#isPending(urn))) {
      return new resource.ResourceInvokeResponse().setUnknown(true);
    }
    const reference = await this.providers.reference(token, request.getProvider(), request.getVersion());
    try {
      const answer = await this.providers
        .bridge(reference)
        .invoke(token, withoutSecrets(args) as Record<string, unknown>);
      return new resource.ResourceInvokeResponse()
        .setReturn(toStruct(answer.result))
        .setFailuresList(
          answer.failures.map(({ property, reason }) =>
            new provider.CheckFailure().setProperty(property).setReason(reason),
          ),
        );
    } catch (error) {
      if (error instanceof CloudError) this.invokeFailures.push(error);
      throw error;
    }
  }

  #getResource(urn: string): resource.ResourceInvokeResponse {
    const record = this.context.registered.get(urn);
    if (!record) throw new ProgramFault(`there is no resource ${urn} in this stack`);
    const state = toProgram(record.custom ? record.outputs : { ...record.inputs, ...record.outputs });
    return new resource.ResourceInvokeResponse().setReturn(toStruct({ urn, id: record.id, state }));
  }

  /** Planned in this preview, but not there yet. */
  #isPending(urn: string): boolean {
    const record: ResourceRecord | undefined = this.context.registered.get(urn);
    return this.context.preview && record?.custom === true && record.id === '';
  }

  #goal(request: RegisterResourceRequest, inputs: PropertyMap): Goal {
    const protect = request.hasProtect() ? { protect: request.getProtect() === true } : {};
    const retain = request.hasRetainondelete() ? { retainOnDelete: request.getRetainondelete() === true } : {};
    const deleteFirst = request.getDeletebeforereplacedefined()
      ? { deleteBeforeReplace: request.getDeletebeforereplace() }
      : {};
    return {
      type: request.getType(),
      name: request.getName(),
      custom: request.getCustom(),
      inputs,
      parent: request.getParent(),
      provider: request.getProvider(),
      version: request.getVersion(),
      dependencies: request.getDependenciesList(),
      propertyDependencies: Object.fromEntries(
        request
          .getPropertydependenciesMap()
          .toArray()
          .map(([key]) => [key, request.getPropertydependenciesMap().get(key)?.getUrnsList() ?? []]),
      ),
      ...protect,
      ...retain,
      ...deleteFirst,
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      replaceWith: request.getReplaceWithList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...request.getAliasesList().map(toAlias)],
      customTimeouts: toTimeouts(request.getCustomtimeouts()),
      deletedWith: request.getDeletedwith(),
      importId: request.getImportid(),
      sourcePosition: this.#position(request.getSourceposition()),
    };
  }

  async #properties(struct: Struct | undefined): Promise<PropertyMap> {
    const properties = await fromProgram(struct?.toJavaScript() ?? {}, this.context.run.programDir);
    this.context.vault.watchSecretsOf(properties);
    return this.context.vault.mark(properties);
  }

  #position(position: SourcePosition | undefined): string {
    const uri = position?.getUri() ?? '';
    if (!position || !uri.startsWith('file://')) return '';
    const inside = relative(this.context.run.programDir, decodeURIComponent(uri.slice('file://'.length)));
    if (inside.startsWith('..') || isAbsolute(inside)) return '';
    return `project:///${inside}#${position.getLine()},${position.getColumn()}`;
  }

  /**
   * A stopped run answers "unavailable": the SDK then ends the program quietly, as it does when Pulumi's own engine goes
   * away. A fault of the program is the program's to see; what nobody expected stops the run.
   */
  #unary<Q, A>(answer: (request: Q) => Promise<A>): handleUnaryCall<Q, A> {
    return (call: { request: Q }, callback: sendUnaryData<A>) => {
      answer(call.request).then(
        (value) => callback(null, value),
        (error: unknown) => {
          if (error instanceof RunStopped) return callback({ code: status.UNAVAILABLE, details: 'The run has ended' });
          const known = error instanceof ProgramFault || error instanceof CloudError;
          if (!known && !this.context.isStopped) this.context.abandon(error);
          const text = error instanceof CloudError ? `${error.code}: ${error.message}` : errorText(error);
          callback({ code: known ? status.UNKNOWN : status.UNAVAILABLE, details: this.context.vault.redact(text) });
        },
      );
    };
  }
}

function errorText(error: unknown): string {
  return error instanceof AppError || error instanceof Error ? error.message : String(error);
}

/** Options that would change what happens, and that this engine does not know. */
function refuseUnsupported(request: RegisterResourceRequest): void {
  const what = `"${request.getName()}" (${request.getType()})`;
  const hooks = request.getHooks();
  const anyHook = hooks && Object.values(hooks.toObject()).some((names) => names.length > 0);
  const asked: readonly [boolean, string][] = [
    [request.getRemote(), `the remote component ${what}`],
    [anyHook === true, `the option "hooks" of ${what}`],
    [request.getTransformsList().length > 0, `the option "transforms" of ${what}`],
    [request.getStateMigrationsList().length > 0, `the option "stateMigrations" of ${what}`],
    [request.hasReplacementTrigger(), `the option "replacementTrigger" of ${what}`],
    [request.getEnvvarmappingsMap().getLength() > 0, `the option "envVarMappings" of ${what}`],
    [request.getPlugindownloadurl() !== '', `the option "pluginDownloadURL" of ${what}`],
    [request.getPackageref() !== '', `the parameterized package of ${what}`],
  ];
  const first = asked.find(([isAsked]) => isAsked);
  if (first) throw new NotSupported(first[1]);
}

function toAlias(message: AliasMessage): Alias {
  const spec = message.getSpec();
  if (!spec) return { urn: message.getUrn() };
  return {
    ...(spec.getName() ? { name: spec.getName() } : {}),
    ...(spec.getType() ? { type: spec.getType() } : {}),
    ...(spec.getStack() ? { stack: spec.getStack() } : {}),
    ...(spec.getProject() ? { project: spec.getProject() } : {}),
    ...(spec.getNoparent() ? { parent: '' } : spec.getParenturn() ? { parent: spec.getParenturn() } : {}),
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1, ms: 0.001 };

/** Go durations (`20m`, `1h30m`) → seconds. */
function toTimeouts(message: resource.RegisterResourceRequest.CustomTimeouts | undefined): CustomTimeouts {
  const seconds = (text: string | undefined): number | undefined => {
    if (!text) return undefined;
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
    if (parts.map(([part]) => part).join('') !== text) throw new ProgramFault(`"${text}" is not a duration`);
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? 0), 0);
  };
  const create = seconds(message?.getCreate());
  const update = seconds(message?.getUpdate());
  const remove = seconds(message?.getDelete());
  return {
    ...(create === undefined ? {} : { create }),
    ...(update === undefined ? {} : { update }),
    ...(remove === undefined ? {} : { delete: remove }),
  };
}

function toStruct(properties: PropertyMap): Struct {
  return struct.Struct.fromJavaScript(toProgram(properties) as Record<string, JavaScriptValue>);
}

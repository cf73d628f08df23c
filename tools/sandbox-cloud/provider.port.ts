/** Plain JSON-like property map. In previews any value may be UNKNOWN; secrets arrive unwrapped. */
export type Properties = Record<string, unknown>;

/** Pulumi's own sentinel for a value that is not known before the resource exists; may stand anywhere inside inputs of a preview. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export interface ResourceRef {
  readonly urn: string;
  /** Pulumi type token, e.g. `aws:ec2/vpc:Vpc`. */
  readonly type: string;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface ResourceDiff {
  readonly changes: boolean;
  /** Top-level input keys whose change replaces the resource; empty = update in place. */
  readonly replaces: readonly string[];
  readonly changedKeys: readonly string[];
  /** True when the type cannot exist twice (fixed physical name ...): delete the old one first. */
  readonly deleteBeforeReplace: boolean;
}

export interface CreateRequest extends ResourceRef {
  readonly inputs: Properties;
  /** Preview: nothing happens; the answer's outputs hold UNKNOWN for what only the cloud can tell. */
  readonly preview: boolean;
  /** Unique per attempt and stored before the call, so that `find` can tell what a killed run created. */
  readonly token: string;
  readonly signal?: AbortSignal;
}

/**
 * What the embedded engine asks of a cloud. One instance serves one stack run: it is bound to (organization, account, region).
 * Every failure of the cloud is thrown as CloudError; anything else thrown is a defect.
 */
export interface ResourceProvider {
  /** Outputs of a type that are secret whether or not the program says so. Absent: none. */
  secretOutputs?(type: string): readonly string[];
  /** Validates and completes inputs (defaults, auto-names kept from `olds`). Failures name the property. */
  check(
    request: ResourceRef & { readonly olds?: Properties; readonly news: Properties; readonly preview: boolean },
  ): Promise<{ inputs: Properties; failures: readonly CheckFailure[] }>;
  diff(
    request: ResourceRef & {
      readonly id: string;
      readonly oldInputs: Properties;
      readonly oldOutputs: Properties;
      readonly news: Properties;
    },
  ): Promise<ResourceDiff>;
  create(request: CreateRequest): Promise<{ id: string; outputs: Properties }>;
  /** null = the resource is gone. `inputs` are those that would produce what the cloud has now. */
  read(
    request: ResourceRef & { readonly id: string; readonly inputs?: Properties; readonly outputs?: Properties },
  ): Promise<{ id: string; inputs: Properties; outputs: Properties } | null>;
  update(
    request: ResourceRef & {
      readonly id: string;
      readonly oldInputs: Properties;
      readonly oldOutputs: Properties;
      readonly news: Properties;
      readonly preview: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ outputs: Properties }>;
  /** Deleting what is already gone succeeds. */
  delete(
    request: ResourceRef & { readonly id: string; readonly outputs: Properties; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Data-source function, e.g. `aws:index/getAvailabilityZones:getAvailabilityZones`. */
  invoke(request: {
    readonly token: string;
    readonly args: Properties;
  }): Promise<{ result: Properties; failures: readonly CheckFailure[] }>;
  /** What a run that was killed between the cloud's create and its own save left behind: by the token of its pending operation. */
  find(request: ResourceRef & { readonly token: string }): Promise<{ id: string; outputs: Properties } | null>;
}

/** An answer "no" of the cloud, with AWS's own error code and message. */
export class CloudError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable = false,
  ) {
    super(message);
    this.name = 'CloudError';
  }
}

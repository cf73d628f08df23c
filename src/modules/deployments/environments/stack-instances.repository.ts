import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { BaseRepository } from '../../../shared/database/base.repository.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import type { StackOutputs } from '../../orchestrator/engine.port.js';
import type { ResolvedConfig } from '../../orchestrator/run-request.js';
import {
  STACK_INSTANCES,
  type StackInstanceRecord,
  STICKY_VALUES,
  type StickyValueRecord,
} from './environment.schema.js';
import type { StackDrift, StackInstance } from './environment.js';

export interface StandingEnvironment {
  readonly organization: string;
  readonly deploymentId: string;
  readonly environment: EnvironmentName;
  readonly stacks: readonly string[];
}

/** How many durations make the estimate of a stack (deployments.md 6.5). */
const KEPT_DURATIONS = 5;

/** Stack instances with their outputs, last configuration and sticky values; secrets are sealed here and nowhere else. */
@Injectable()
export class StackInstancesRepository extends BaseRepository<StackInstanceRecord> {
  constructor(
    @InjectModel(STACK_INSTANCES) model: Model<StackInstanceRecord>,
    @InjectModel(STICKY_VALUES) private readonly stickyValues: Model<StickyValueRecord>,
    private readonly secrets: SecretBox,
  ) {
    super(model);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    await this.stickyValues.createCollection();
    await this.stickyValues.createIndexes();
  }

  async insertAll(instances: readonly StackInstance[]): Promise<void> {
    await this.model.insertMany(instances.map((instance) => this.toRecord(instance)));
  }

  async listOf(deploymentId: string, environment?: EnvironmentName): Promise<readonly StackInstance[]> {
    const records = await this.model
      .find({ deploymentId, ...(environment ? { environment } : {}) }, { _id: 0 })
      .sort({ environment: 1, stack: 1 })
      .lean<StackInstanceRecord[]>();
    return records.map((record) => this.toInstance(record));
  }

  /** Environments of all organizations with stacks that were deployed and not destroyed, by deployment. */
  async listStanding(): Promise<readonly StandingEnvironment[]> {
    const found = await this.model.aggregate<{ _id: Omit<StandingEnvironment, 'stacks'>; stacks: string[] }>([
      { $match: { status: { $nin: ['not_deployed', 'destroyed'] } } },
      {
        $group: {
          _id: { organization: '$organization', deploymentId: '$deploymentId', environment: '$environment' },
          stacks: { $push: '$stack' },
        },
      },
    ]);
    const order = ({ deploymentId, environment }: Omit<StandingEnvironment, 'stacks'>): string =>
      `${deploymentId} ${ENVIRONMENTS.indexOf(environment)}`;
    return found
      .map(({ _id, stacks }) => ({ ..._id, stacks: stacks.sort() }))
      .sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  /** Creates the instance when the stack was added to the manifest later. */
  async change(
    key: Pick<StackInstance, 'deploymentId' | 'environment' | 'stack' | 'organization'>,
    change: Partial<Omit<StackInstance, 'stackVersion' | 'durations'>> & {
      readonly duration?: number;
      readonly bumpVersion?: boolean;
    },
  ): Promise<void> {
    const { duration, bumpVersion, outputs, lastConfig, ...plain } = change;
    await this.model.updateOne(
      { deploymentId: key.deploymentId, environment: key.environment, stack: key.stack },
      {
        $set: {
          organization: key.organization,
          ...plain,
          ...(outputs === undefined ? {} : { outputs: this.sealOutputs(outputs) }),
          ...(lastConfig === undefined
            ? {}
            : { lastConfigSealed: lastConfig ? this.secrets.seal(JSON.stringify(lastConfig)) : null }),
        },
        ...(bumpVersion ? { $inc: { stackVersion: 1 } } : {}),
        ...(duration === undefined ? {} : { $push: { durations: { $each: [duration], $slice: -KEPT_DURATIONS } } }),
      },
      { upsert: true },
    );
  }

  /** Flags the instance, or takes the flag away; one that has changed since it was looked at keeps what it says. */
  async keepDrift(
    { deploymentId, environment, stack }: Pick<StackInstance, 'deploymentId' | 'environment' | 'stack'>,
    stackVersion: number,
    drift: StackDrift,
  ): Promise<void> {
    await this.model.updateOne(
      { deploymentId, environment, stack, stackVersion, status: { $nin: ['not_deployed', 'destroyed'] } },
      { $set: { driftDetected: drift.resources.length > 0, drift } },
    );
  }

  async removeAll(deploymentId: string): Promise<void> {
    await this.model.deleteMany({ deploymentId });
    await this.stickyValues.deleteMany({ deploymentId });
  }

  /** stack → `<config path>|<canonical text>` → value. */
  async stickyOf(
    deploymentId: string,
    environment: EnvironmentName,
  ): Promise<Readonly<Record<string, Record<string, string>>>> {
    const records = await this.stickyValues.find({ deploymentId, environment }).lean<StickyValueRecord[]>();
    const result: Record<string, Record<string, string>> = {};
    for (const record of records) (result[record.stack] ??= {})[record.path] = this.secrets.open(record.sealed);
    return result;
  }

  async keepSticky(
    deploymentId: string,
    environment: EnvironmentName,
    sticky: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ): Promise<void> {
    for (const [stack, values] of Object.entries(sticky)) {
      for (const [path, value] of Object.entries(values)) {
        await this.stickyValues.updateOne(
          { deploymentId, environment, stack, path },
          { $set: { sealed: this.secrets.seal(value) } },
          { upsert: true },
        );
      }
    }
  }

  async forgetSticky(deploymentId: string, environment: EnvironmentName, stack: string): Promise<void> {
    await this.stickyValues.deleteMany({ deploymentId, environment, stack });
  }

  private sealOutputs(outputs: StackOutputs): StackInstanceRecord['outputs'] {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [
        name,
        output.secret ? { value: this.secrets.seal(JSON.stringify(output.value)), secret: true } : { ...output },
      ]),
    );
  }

  private toRecord(instance: StackInstance): StackInstanceRecord {
    const { lastConfig, outputs, ...plain } = instance;
    return {
      ...plain,
      outputs: this.sealOutputs(outputs),
      lastConfigSealed: lastConfig ? this.secrets.seal(JSON.stringify(lastConfig)) : null,
    };
  }

  private toInstance(record: StackInstanceRecord): StackInstance {
    const { lastConfigSealed, outputs, ...plain } = record;
    return {
      ...plain,
      outputs: Object.fromEntries(
        Object.entries(outputs ?? {}).map(([name, output]) => [
          name,
          output.secret
            ? { value: JSON.parse(this.secrets.open(String(output.value))) as unknown, secret: true }
            : output,
        ]),
      ),
      lastConfig: lastConfigSealed ? (JSON.parse(this.secrets.open(lastConfigSealed)) as ResolvedConfig) : null,
    };
  }
}

/** An instance nothing has been done with yet. */
export function untouchedInstance(
  key: Pick<StackInstance, 'deploymentId' | 'environment' | 'stack' | 'organization'>,
): StackInstance {
  return {
    ...key,
    status: 'not_deployed',
    stackVersion: 0,
    fingerprint: null,
    lastOperationSucceeded: false,
    driftDetected: false,
    drift: null,
    outputs: {},
    dependencies: [],
    codeHash: null,
    resourceCount: 0,
    stateVersion: 0,
    lastConfig: null,
    lastDeployedAt: null,
    lastDeployedBy: null,
    durations: [],
    lastError: null,
  };
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, type Document, MongoClient } from 'mongodb';
import { lineOf } from '../../src/shared/events/event-line.js';
import { type Body, MINIMAL, testSettings } from './app.harness.js';
import { ServerProcess } from './server-process.js';

/** Resources of the minimal template in dev (stacks.md section 11). */
export const MINIMAL_RESOURCES = 5 + 29 + 22;
const ACCOUNT = MINIMAL.accounts.dev;
/** Between two looks at the database, in ms: shorter than any transaction. */
const LOOK_MS = 2;

/** What operations write to, besides their lease. */
const RUN_COLLECTIONS = [
  'operations',
  'deployments',
  'deployment_environments',
  'deployment_events',
  'deployment_logs',
  'deployment_versions',
  'event_counters',
  'sandbox_counters',
  'sandbox_resources',
  'stack_instances',
  'stack_states',
  'state_backups',
  'sticky_values',
];

/** Something that has been stored: true = kill now. */
export type Point = (db: Db, operationId: string) => Promise<unknown>;

/** One deployment, of the minimal template unless told otherwise, on one database and data folder, and the servers that run it. */
export class CrashRig {
  readonly #servers: ServerProcess[] = [];
  #server!: ServerProcess;
  deploymentId = '';

  private constructor(
    private readonly settings: Readonly<Record<string, string>>,
    private readonly client: MongoClient,
    readonly db: Db,
  ) {}

  /**
   * @param request body of POST /deployments; its dev account is ACCOUNT
   * @param wire what the servers reach the database through, given its address; the rig itself does not
   */
  static async start(
    more: Readonly<Record<string, string>> = {},
    request: object = MINIMAL,
    wire: (uri: string) => Promise<string> = async (uri) => uri,
  ): Promise<CrashRig> {
    const settings = { ...testSettings(mkdtempSync(join(tmpdir(), 'cloud-crash-e2e-'))), ...more };
    const direct = String(settings['MONGODB_URI']);
    const client = await MongoClient.connect(direct);
    const rig = new CrashRig({ ...settings, MONGODB_URI: await wire(direct) }, client, client.db());
    await rig.restart();
    rig.deploymentId = String((await rig.server.data('POST', '/api/v1/deployments', request))['deploymentId']);
    return rig;
  }

  get server(): ServerProcess {
    return this.#server;
  }

  /** A further server becomes the one that is talked to. */
  async restart(): Promise<ServerProcess> {
    this.#server = await ServerProcess.start(this.settings, this.#servers[0]?.accessToken);
    this.#servers.push(this.#server);
    return this.#server;
  }

  /** Starts a run and does nothing else. @returns its operation */
  async begin(verb: 'deploy' | 'destroy', body: object = {}): Promise<string> {
    const request = { environment: 'dev', ...(verb === 'destroy' ? { confirm: true } : {}), ...body };
    const data = await this.server.data('POST', `/api/v1/deployments/${this.deploymentId}/${verb}`, request);
    return String(data['operationId']);
  }

  /** Waits until the point is reached, or the run has ended before that. @returns true = it is reached */
  async reached(point: Point, operationId: string): Promise<boolean> {
    for (;;) {
      if (await point(this.db, operationId)) return true;
      const operation = await this.db.collection('operations').findOne({ operationId });
      if (['success', 'failed', 'cancelled'].includes(String(operation?.['status']))) return false;
      await pause(LOOK_MS);
    }
  }

  /** Waits for the end of the operation and the release of its lease, for at most `patienceMs`. */
  async ended(operationId: string, patienceMs = 120_000): Promise<Body['data']> {
    const path = `/api/v1/deployments/${this.deploymentId}/operations/${operationId}`;
    for (const deadline = Date.now() + patienceMs; ;) {
      const operation = await this.server.data('GET', path);
      const isOver = ['success', 'failed', 'cancelled'].includes(String(operation['status']));
      if (isOver && !(await this.isLocked())) return operation;
      if (Date.now() > deadline) {
        throw new Error(`${operationId} has not ended: ${JSON.stringify(operation)}\n${this.server.output}`);
      }
      await pause(50);
    }
  }

  /** Waits until the server answers with what is in the database. */
  async reachable(): Promise<void> {
    const path = `/api/v1/deployments/${this.deploymentId}`;
    while ((await this.server.call('GET', path)).status !== 200) await pause(100);
  }

  /** URN and kind of what is under way, as far as the engine's states tell. */
  async underWay(): Promise<{ readonly urn: string; readonly kind: string; readonly token: string }[]> {
    const states = await this.db.collection('stack_states').find().toArray();
    return states
      .flatMap(({ state }) => (JSON.parse(String(state)) as EngineState).deployment.pending_operations ?? [])
      .map(({ resource, type, token }) => ({ urn: resource.urn, kind: type, token }));
  }

  async setSpeed(factor: number): Promise<void> {
    await this.server.data('PUT', '/api/v1/sandbox/speed', { factor });
  }

  async setFaults(rules: readonly object[]): Promise<void> {
    await this.server.data('PUT', '/api/v1/sandbox/faults', { rules });
  }

  /** Events of the operation by seq. */
  events(operationId: string): Promise<Document[]> {
    return this.db.collection('deployment_events').find({ operationId }).sort({ seq: 1 }).toArray();
  }

  /** The log of the operation. */
  lines(operationId: string): Promise<Document[]> {
    return this.db.collection('deployment_logs').find({ operationId }).sort({ position: 1 }).toArray();
  }

  /** Everything a run writes, by collection: its journal, what it stands for, its states and the cloud. */
  async everything(): Promise<Record<string, Document[]>> {
    const written = RUN_COLLECTIONS.map(async (name): Promise<[string, Document[]]> => [
      name,
      await this.db.collection(name).find().sort({ _id: 1 }).toArray(),
    ]);
    const lease = await this.db.collection('leases').findOne({ _id: `${this.deploymentId}-dev` } as Document);
    return { ...Object.fromEntries(await Promise.all(written)), leases: lease ? [lease] : [] };
  }

  async versions(): Promise<Document[]> {
    return this.db.collection('deployment_versions').find({ deploymentId: this.deploymentId }).toArray();
  }

  /** What the deployment says it consists of in dev. */
  async resourceCount(): Promise<number> {
    const { stacks } = (await this.server.data('GET', `/api/v1/deployments/${this.deploymentId}`)) as {
      stacks: { environments: { dev: { resourceCount: number } } }[];
    };
    return stacks.reduce((sum, stack) => sum + stack.environments.dev.resourceCount, 0);
  }

  /** `<type> <id>` of everything in the account. */
  async inventory(): Promise<string[]> {
    const all: { type: string; id: string }[] = [];
    for (let page = 1; ; page++) {
      const path = `/api/v1/sandbox/accounts/${ACCOUNT}/resources?limit=100&page=${page}`;
      const { resources } = (await this.server.data('GET', path)) as { resources: { type: string; id: string }[] };
      all.push(...resources);
      if (resources.length < 100) return all.map(({ type, id }) => `${type} ${id}`).sort();
    }
  }

  /** `<type> <id>` of everything the engine believes to manage; what is still under way is marked. */
  async recorded(): Promise<string[]> {
    const states = await this.db.collection('stack_states').find().toArray();
    return states
      .map(({ state }) => (JSON.parse(String(state)) as EngineState).deployment)
      .flatMap(({ resources, pending_operations: pending }) => [
        ...(resources ?? []).filter(isManaged).map(({ type, id }) => `${type} ${id}`),
        ...(pending ?? []).map(({ type, resource }) => `${type} ${resource.urn}`),
      ])
      .sort();
  }

  /** Ends every server, the database's connection and the data folder. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.db.dropDatabase();
    await this.client.close();
    rmSync(String(this.settings['DATA_DIR']), { recursive: true, force: true });
  }

  private async isLocked(): Promise<boolean> {
    const lease = { _id: `${this.deploymentId}-dev` } as Document;
    return ((await this.db.collection('leases').findOne(lease))?.['holder'] ?? null) !== null;
  }
}

/** Events are 1..n, each told in the log; every stack has started at most once and ended once, after its start. */
export async function expectWholeJournal(rig: CrashRig, operationId: string): Promise<void> {
  const events = await rig.events(operationId);
  expect(events.map((event) => event['seq'])).toEqual(events.map((_, index) => index + 1));
  const of = (type: RegExp, stack: unknown): number[] =>
    events
      .filter((event) => type.test(String(event['type'])) && event['stack'] === stack)
      .map(({ seq }) => Number(seq));
  for (const stack of new Set(events.map((event) => event['stack']).filter((name) => name !== null))) {
    const started = of(/^stack_(deploying|destroying)$/, stack);
    const ended = of(/^stack_(deployed|destroyed|failed|skipped)$/, stack);
    expect({ stack, started: started.length, ended: ended.length }).toEqual({ stack, started: 1, ended: 1 });
    expect(Number(started[0])).toBeLessThan(Number(ended[0]));
  }
  const last = ['deployment_complete', 'destroy_complete', 'rollback_complete', 'deployment_failed'];
  expect(last).toContain(events.at(-1)?.['type']);
  const told = events.filter(({ type, data, organization, deploymentId, operationType }) =>
    lineOf({ type, data, scope: { organization, deploymentId, operationType } }),
  );
  expect((await rig.lines(operationId)).map(({ _id }) => _id)).toEqual(told.map(({ _id }) => _id));
}

interface EngineState {
  readonly deployment: {
    readonly resources?: readonly EngineResource[];
    readonly pending_operations?: readonly {
      readonly type: string;
      readonly token: string;
      readonly resource: EngineResource;
    }[];
  };
}
interface EngineResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  readonly external?: boolean;
}

function isManaged({ custom, external, type }: EngineResource): boolean {
  return custom === true && external !== true && !type.startsWith('pulumi:');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Points of a run, each the moment in which something is stored for the n-th time. */
export const at = {
  accepted: ((db, operationId) => db.collection('operations').findOne({ operationId })) satisfies Point,
  begun: ((db, operationId) =>
    db.collection('operations').findOne({ operationId, status: 'in_progress' })) satisfies Point,
  events:
    (count: number): Point =>
    (db, operationId) =>
      db
        .collection('event_counters')
        .findOne({ _id: `seq/operation/${operationId}`, value: { $gte: count } } as Document),
  event:
    (type: string, nth = 1): Point =>
    async (db, operationId) =>
      (await db.collection('deployment_events').countDocuments({ operationId, type })) >= nth,
  resources:
    (test: (count: number) => boolean): Point =>
    async (db) =>
      test(await db.collection('sandbox_resources').countDocuments()),
  /** Some resources are there, and all that are under way have been accepted by the cloud; none of them is done. */
  inTheMiddle: (async (db) => {
    const resources = await db.collection('sandbox_resources').find().toArray();
    const accepted = new Set(resources.map(({ urn }) => String(urn)));
    const states = await db.collection('stack_states').find().toArray();
    const pending = states.flatMap(
      ({ state }) => (JSON.parse(String(state)) as EngineState).deployment.pending_operations ?? [],
    );
    return resources.length >= 12 && pending.length > 0 && pending.every(({ resource }) => accepted.has(resource.urn));
  }) satisfies Point,
  /** A resource is being created, changed or deleted in this very moment, as far as the engine's state tells. */
  underWay: (async (db) =>
    (await db.collection('stack_states').find().toArray()).some(
      ({ state }) => ((JSON.parse(String(state)) as EngineState).deployment.pending_operations ?? []).length > 0,
    )) satisfies Point,
};

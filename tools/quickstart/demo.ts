import { randomUUID } from 'node:crypto';
import { ApiError, type ApiClient } from './api-client.js';
import type { DataFolder } from './data-folder.js';
import { formatSeconds, plural } from './format.js';
import { LiveView } from './live-view.js';
import { followRun } from './run-stream.js';
import { newRun } from './run-view.js';
import { pause } from './pause.js';
import type { Output, Reporter } from './steps.js';

const TEMPLATE = 'minimal';
const ENVIRONMENT = 'dev';
const PROJECT = 'quickstart';
/** Between two looks at an operation whose events are also listened to. */
const LOOK_MS = 2_000;
/** Events that are still on their way when the operation is already over. */
const LAST_EVENTS_MS = 3_000;

interface EnvironmentState {
  readonly name: string;
  readonly status: string;
  readonly currentOperationId: string | null;
}
interface Deployment {
  readonly deploymentId: string;
  readonly environments: readonly EnvironmentState[];
  readonly stacks: readonly {
    readonly name: string;
    readonly layer: number;
    readonly enabled: boolean;
    readonly environments?: Readonly<
      Record<string, { readonly outputs?: Readonly<Record<string, unknown>>; readonly resourceCount?: number }>
    >;
  }[];
}
interface Operation {
  readonly operationId: string;
  readonly type: string;
  readonly preview: boolean;
  readonly status: 'pending' | 'in_progress' | 'success' | 'failed' | 'cancelled';
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly skippedStacks: readonly {
    readonly name: string;
    readonly reason: string | null;
    readonly explanation?: readonly string[];
  }[];
  readonly failedStacks: readonly { readonly name: string; readonly error: unknown }[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly rolledBack: boolean;
}
interface Planned {
  readonly name: string;
  readonly layer: number;
}

export interface DemoContext {
  readonly api: ApiClient;
  readonly apiKey: string;
  readonly organization: string;
  readonly folder: DataFolder;
  readonly reporter: Reporter;
  readonly out: Output;
  readonly json: boolean;
  readonly colour: boolean;
  readonly signal: AbortSignal;
}

/**
 * Deploys the demo deployment to dev and shows it live:
 * 1. reuse the deployment of the last start, else initialise one from the `minimal` template;
 * 2. a run that is still going (the last process was killed) is followed to its end; otherwise deploy;
 * 3. print what was skipped and why, and every stack's outputs.
 * @returns the status the environment ended in
 */
export async function runDemo(context: DemoContext): Promise<string> {
  const { reporter } = context;
  const deployment = await reporter.step('deployment', async () => {
    const [found, isNew] = await provideDeployment(context);
    const how = isNew ? `initialised from template ${TEMPLATE}` : 'of the last start';
    return [found, `${found.deploymentId}, ${how}`];
  });
  const id = deployment.deploymentId;

  const running = deployment.environments.find(({ name }) => name === ENVIRONMENT)?.currentOperationId ?? null;
  if (running) {
    reporter.note(`\n  ${running} was interrupted and has been taken over; it goes on:\n`);
    const operation = await follow(context, id, running, stacksOf(deployment));
    if (operation.type === 'deploy' && !operation.preview) return conclude(context, id, operation);
  }

  const started = await start(context, id);
  const [count, skips] = [started.stacksToDeploy?.length ?? 0, started.stacksSkipped?.length ?? 0];
  reporter.note(`\n  ${started.operationId}: ${plural(count, 'stack')} to deploy, ${skips} to skip\n`);
  const planned = [...(started.stacksToDeploy ?? []), ...(started.stacksSkipped ?? [])];
  const operation = await follow(context, id, started.operationId, planned);
  return conclude(context, id, operation);
}

/** @returns the deployment and whether it is new */
async function provideDeployment({ api, folder, organization }: DemoContext): Promise<readonly [Deployment, boolean]> {
  const known = folder.recall().deploymentId;
  if (known) {
    try {
      return [await api.call<Deployment>(`/deployments/${known}`), false];
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error; // another database: start anew
    }
  }
  const made = await api.call<Deployment>('/deployments', {
    method: 'POST',
    idempotencyKey: `quickstart-${randomUUID()}`,
    body: {
      organization,
      project: PROJECT,
      domain: 'quickstart.example.com',
      template: TEMPLATE,
      accounts: { dev: '111111111111' },
      description: 'Made by npm run quickstart',
    },
  });
  folder.remember({ deploymentId: made.deploymentId });
  return [made, true];
}

interface Started {
  readonly operationId: string;
  readonly stacksToDeploy?: readonly Planned[];
  readonly stacksSkipped?: readonly Planned[];
}

/** Starts a deploy, or joins the one that somebody else has started meanwhile. */
async function start({ api }: DemoContext, id: string): Promise<Started> {
  try {
    return await api.call<Started>(`/deployments/${id}/deploy`, {
      method: 'POST',
      idempotencyKey: `quickstart-${randomUUID()}`,
      body: { environment: ENVIRONMENT },
    });
  } catch (error) {
    const holder =
      error instanceof ApiError && error.code === 'OPERATION_IN_PROGRESS'
        ? (error.details as { operationId?: string } | undefined)?.operationId
        : undefined;
    if (!holder) throw error;
    return { operationId: holder };
  }
}

/** Shows the operation until it is over. */
async function follow(
  { api, apiKey, reporter, out, json, colour, signal }: DemoContext,
  id: string,
  operationId: string,
  planned: readonly Planned[],
): Promise<Operation> {
  const path = `/deployments/${id}/operations/${operationId}`;
  const view = json ? null : new LiveView(newRun(`${id} → ${ENVIRONMENT}`, planned), out, colour);
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  reporter.emit('operation', { deploymentId: id, environment: ENVIRONMENT, operationId });
  const stream = followRun({
    url: api.url,
    apiKey,
    channel: `deployments/${id}/operations/${operationId}`,
    signal: stop,
    onFrame: (frame) => {
      reporter.emit('frame', { frame });
      view?.show(frame);
      return view ? view.run.ended !== null : isLast(frame);
    },
  });
  try {
    const outcome = await Promise.race([stream.then(() => null), untilOver(api, path, stop)]);
    if (outcome) await Promise.race([stream, pause(LAST_EVENTS_MS, stop)]);
    else await untilOver(api, path, stop);
    return outcome ?? (await api.call<Operation>(path));
  } finally {
    done.abort();
    view?.end();
    await stream.catch(() => undefined); // told already, by the race
  }
}

/** The stored truth, whatever the events say; null when aborted. */
async function untilOver(api: ApiClient, path: string, signal: AbortSignal): Promise<Operation | null> {
  while (!signal.aborted) {
    const operation = await api.call<Operation>(path);
    if (operation.status !== 'pending' && operation.status !== 'in_progress') return operation;
    await pause(LOOK_MS, signal);
  }
  return null;
}

function isLast({ type, data }: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }): boolean {
  if (type === 'deployment_failed' || type === 'destroy_failed') return data['rollback'] !== 'started';
  return ['deployment_complete', 'destroy_complete', 'rollback_complete', 'deployment_cancelled', 'error'].includes(
    type,
  );
}

/** Prints the result: skips with their reasons, outputs with secrets masked by the server, the status. */
async function conclude({ api, reporter, signal }: DemoContext, id: string, operation: Operation): Promise<string> {
  if (signal.aborted) return 'interrupted';
  const deployment = await api.call<Deployment>(`/deployments/${id}`);
  const status = deployment.environments.find(({ name }) => name === ENVIRONMENT)?.status ?? 'unknown';
  const ended = operation.status === 'success' ? status : operation.status === 'cancelled' ? 'cancelled' : 'failed';
  const stacks = stacksOf(deployment);

  for (const { name, reason, explanation } of operation.skippedStacks) {
    reporter.note(`  ${name} was skipped (${reason ?? 'no reason given'}): ${explanation?.join('; ') ?? ''}`);
  }
  for (const stack of stacks) {
    const standing = stack.environments?.[ENVIRONMENT];
    if (!standing) continue;
    reporter.note(`\n  ${stack.name}: ${plural(standing.resourceCount ?? 0, 'resource')}`);
    for (const [name, value] of Object.entries(standing.outputs ?? {})) {
      reporter.note(`    ${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    }
  }
  if (operation.error) reporter.note(`\n  ${operation.error.message} [${operation.error.code}]`);
  const seconds = operation.completedAt
    ? (Date.parse(operation.completedAt) - Date.parse(operation.startedAt)) / 1000
    : null;
  const took = seconds === null ? '' : ` in ${formatSeconds(seconds)}`;
  reporter.note(`\n  ${id} ${ENVIRONMENT}: ${ended}${took}${operation.rolledBack ? ', rolled back' : ''}\n`);
  reporter.emit('result', {
    deploymentId: id,
    environment: ENVIRONMENT,
    operationId: operation.operationId,
    status: ended,
    environmentStatus: status,
    seconds,
    skipped: operation.skippedStacks,
    failed: operation.failedStacks,
    error: operation.error,
    outputs: Object.fromEntries(stacks.map((s) => [s.name, s.environments?.[ENVIRONMENT]?.outputs ?? {}])),
  });
  return ended;
}

function stacksOf(deployment: Deployment): Deployment['stacks'] {
  return deployment.stacks.filter(({ enabled }) => enabled);
}

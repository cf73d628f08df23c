/* eslint-disable no-restricted-properties -- a process of its own: the SDK takes its arguments from its environment */
/*
 * Entry of a runner process: runs ONE Pulumi program with the SDK's own run-time, then ends.
 * 1. Load the SDK, so that the program need not wait for it, and report `ready`.
 * 2. Wait for the run's arguments from the parent. A parent that vanishes ends this process.
 * 3. Put the arguments where the SDK's runner expects them (environment and argv) and hand over to it. From there on
 *    everything is as under the Pulumi command line: uncaught errors, stack outputs, shutdown signal, exit codes.
 */
import { createRequire } from 'node:module';

/** What the parent sends; all of it becomes environment or argv of the SDK's runner. */
export interface RunnerStart {
  /** `@pulumi/pulumi/cmd/run/index.js` of the SDK that the program itself loads. */
  readonly sdkRunner: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

interface SdkStore {
  resourcePackages?: unknown;
  resourceModules?: unknown;
}

const global = globalThis as { globalStore?: SdkStore };
const require = createRequire(import.meta.url);

process.on('disconnect', () => process.exit(1));
process.once('message', (start: RunnerStart) => run(start));
await preload(process.argv.slice(2));
process.send?.('ready');

/** @param modules the first is the SDK's inspector session, which is quick as long as nothing is loaded */
async function preload(modules: readonly string[]): Promise<void> {
  const [hooks, ...others] = modules;
  if (hooks === undefined) return;
  await (require(hooks) as { isInitializedAsync(): Promise<void> }).isInitializedAsync();
  for (const module of others) require(module);
}

function run(start: RunnerStart): void {
  Object.assign(process.env, start.environment);
  const sdkRequire = createRequire(start.sdkRunner);
  // The SDK reads the environment when it makes its store, which loading did too early. What the loaded packages have
  // registered in it stays.
  const early = global.globalStore;
  delete global.globalStore;
  const { getGlobalStore } = sdkRequire('../../runtime/state.js') as { getGlobalStore(): SdkStore };
  if (early) {
    const { resourcePackages, resourceModules } = early;
    Object.assign(getGlobalStore(), { resourcePackages, resourceModules });
  }
  process.argv.splice(1, process.argv.length, start.sdkRunner, ...start.argv);
  // the SDK ends the program when nothing is left to do: the channel to the parent must not count
  process.nextTick(() => process.channel?.unref());
  require(start.sdkRunner);
  sparePromiseTraces();
}

/**
 * The SDK gives every promise a stack trace with mapped source lines, ten and more for a resource, which it only shows
 * when asked to debug promises: a third of a program's time. Traces of errors stay as they are.
 */
function sparePromiseTraces(): void {
  const mapped = Error.prepareStackTrace;
  if (!mapped || 'PULUMI_DEBUG_PROMISE_LEAKS' in process.env) return;
  Error.prepareStackTrace = (error, frames) =>
    frames[0]?.getFileName()?.endsWith('/@pulumi/pulumi/runtime/debuggable.js') ? '' : mapped(error, frames);
}

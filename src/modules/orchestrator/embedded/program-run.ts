import { Server, ServerCredentials } from '@grpc/grpc-js';
import { EngineService as EngineServiceDefinition } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import { ResourceMonitorService } from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import { Defect } from '../../../shared/errors/app-error.js';
import type { EngineError } from '../engine.port.js';
import { judgeCloudError } from './cloud-failure.js';
import { EngineService } from './engine.service.js';
import type { MonitorService } from './monitor.service.js';
import { programArguments } from './program-arguments.js';
import type { RunContext } from './run-context.js';
import type { ProgramEnd, RunnerPool, RunningProgram } from './runner-pool.js';

/** As the SDK's own client: a message may hold a whole stack's worth of values. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** Exit code of the SDK's runner when it has already said what went wrong. */
const ALREADY_REPORTED = 32;

/**
 * Runs the program to its end, or until the run is stopped:
 * 1. open the two services on a free port of this machine, for this run alone (2 ms; a shared server could not tell the
 *    runs apart, as the SDK sends nothing that names one);
 * 2. give a runner its arguments;
 * 3. when the program ends by itself: nothing to do on success, else record why;
 *    when the run is stopped: let running steps end, then end the program; at once when they are given up.
 */
export async function runProgram(
  context: RunContext,
  monitor: MonitorService,
  runners: RunnerPool,
  givenUp: AbortSignal,
): Promise<void> {
  const engine = new EngineService(context);
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  server.addService(ResourceMonitorService, monitor.implementation());
  server.addService(EngineServiceDefinition, engine.implementation());
  let program: RunningProgram | undefined;
  try {
    const address = `127.0.0.1:${await listen(server)}`;
    program = await runners.start({
      programDir: context.run.programDir,
      ...programArguments(context.run, {
        monitor: address,
        engine: address,
        preview: context.preview,
        organization: context.run.pulumiOrg,
        parallel: context.run.parallel ?? 16,
      }),
      onLine: (stream, line) => context.log(stream === 'stdout' ? 'info' : 'warn', line),
    });
    givenUp.addEventListener('abort', () => program?.kill(), { once: true });
    const end = await Promise.race([program.ended, context.stop.then(() => undefined)]);
    if (!end) return;
    const failure = failureOf(end, engine, monitor);
    if (failure) context.fail(failure);
  } finally {
    await Promise.race([context.settled(), aborted(givenUp)]);
    program?.kill();
    await program?.ended;
    server.forceShutdown();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(new Defect('The engine could not open a local port', { cause: error }));
      else resolve(port);
    });
  });
}

function failureOf(end: ProgramEnd, engine: EngineService, monitor: MonitorService): EngineError | undefined {
  if (end.signal !== null) {
    return programError('internal', `The stack program was killed (${end.signal})`);
  }
  if (end.code === 0 && monitor.isComplete) return undefined;
  const message =
    engine.errors[0] ??
    (end.stderr.trim() ||
      (end.code === 0
        ? 'The stack program ended by itself before it had said what it wants (process.exit?)'
        : `The stack program ended with exit code ${end.code}`));
  const refused = monitor.invokeFailures.find((error) => message.includes(error.message));
  if (refused) {
    const verdict = judgeCloudError(refused, 'PROGRAM_FAILED');
    return { ...verdict, message, cloudCode: refused.code };
  }
  return programError(end.code === ALREADY_REPORTED || end.code === 1 ? 'validation' : 'internal', message);
}

function programError(kind: 'validation' | 'internal', message: string): EngineError {
  return { class: kind, code: 'PROGRAM_FAILED', message, retryable: false };
}

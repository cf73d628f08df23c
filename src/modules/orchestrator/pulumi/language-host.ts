import { type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { LanguageRuntimeService } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import proto from '@pulumi/pulumi/proto/language_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import { programArguments } from '../embedded/program-arguments.js';
import type { ProgramEnd, RunnerPool } from '../embedded/runner-pool.js';
import type { StackRun } from '../engine.port.js';
import { implement, unary } from './grpc.js';

/** Exit code of the SDK's runner when it has already said what went wrong. */
export const ALREADY_REPORTED = 32;

/**
 * Pulumi's LanguageRuntime protocol for one run: instead of starting a language plug-in and, through it, a cold Node, the
 * command line calls here (`--client`), and the program runs in a runner that has the SDK loaded. Configuration goes to the
 * program alone: the command line never sees a secret of it.
 */
export class LanguageHost {
  /** How the program ended; undefined while it has not. */
  end: ProgramEnd | undefined;

  constructor(
    private readonly run: StackRun,
    private readonly runners: RunnerPool,
    private readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void,
  ) {}

  implementation(): UntypedServiceImplementation {
    return implement(LanguageRuntimeService, {
      getPluginInfo: unary(() => new plugin.PluginInfo().setVersion('1.0.0')),
      // providers are found when they are needed; nothing has to be there before
      getRequiredPackages: unary(() => new proto.GetRequiredPackagesResponse()),
      getRequiredPlugins: unary(() => new proto.GetRequiredPluginsResponse()),
      getProgramDependencies: unary(() => new proto.GetProgramDependenciesResponse()),
      about: unary(() => new proto.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
      run: unary((request: proto.RunRequest, call: ServerUnaryCall<proto.RunRequest, proto.RunResponse>) =>
        this.#runProgram(request, call),
      ),
      cancel: unary(() => new empty.Empty()),
    });
  }

  async #runProgram(
    request: proto.RunRequest,
    call: ServerUnaryCall<proto.RunRequest, proto.RunResponse>,
  ): Promise<proto.RunResponse> {
    const [engine = ''] = request.getArgsList();
    const program = await this.runners.start({
      programDir: this.run.programDir,
      ...programArguments(this.run, {
        monitor: request.getMonitorAddress(),
        engine,
        preview: request.getDryrun(),
        organization: request.getOrganization(),
        parallel: request.getParallel(),
      }),
      onLine: this.onLine,
    });
    call.on('cancelled', () => program.kill());
    const end = await program.ended;
    this.end = end;
    if (end.code === 0) return new proto.RunResponse();
    if (end.code === ALREADY_REPORTED) return new proto.RunResponse().setBail(true);
    return new proto.RunResponse().setError(
      end.signal === null
        ? end.stderr.trim() || `the stack program ended with exit code ${end.code}`
        : `the stack program was killed (${end.signal})`,
    );
  }
}

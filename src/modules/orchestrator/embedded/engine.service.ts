import type { handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';
import type { LogRequest, SetRootResourceRequest } from '@pulumi/pulumi/proto/engine_pb.js';
import { describeProgramFailure } from './program-failure.js';
import type { RunContext } from './run-context.js';

/** Pulumi's Engine protocol for one run: what the program says. */
export class EngineService {
  /** What the program (or the SDK on its behalf) reported as an error, in order. */
  readonly errors: string[] = [];
  #rootUrn = '';

  constructor(private readonly context: RunContext) {}

  implementation(): UntypedServiceImplementation {
    return {
      log: unary((request: LogRequest) => this.#log(request)),
      getRootResource: unary(() => new engine.GetRootResourceResponse().setUrn(this.#rootUrn)),
      setRootResource: unary((request: SetRootResourceRequest) => {
        this.#rootUrn = request.getUrn();
        return new engine.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new empty.Empty()),
      requirePulumiVersion: unary(() => new engine.RequirePulumiVersionResponse()),
    };
  }

  /** Debug lines are the SDK's own chatter, dozens for each resource: dropped, as the command line does without --debug. */
  #log(request: LogRequest): empty.Empty {
    const severity = request.getSeverity();
    if (severity === engine.LogSeverity.DEBUG) return new empty.Empty();
    const urn = request.getUrn();
    if (severity === engine.LogSeverity.ERROR) {
      const message = describeProgramFailure(request.getMessage(), this.context.run.programDir);
      this.errors.push(message);
      this.context.log('error', message, urn);
    } else {
      this.context.log(severity === engine.LogSeverity.WARNING ? 'warn' : 'info', request.getMessage(), urn);
    }
    return new empty.Empty();
  }
}

function unary<Q, A>(answer: (request: Q) => A): handleUnaryCall<Q, A> {
  return (call, callback) => callback(null, answer(call.request));
}

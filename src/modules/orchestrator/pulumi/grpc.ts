import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Defect } from '../../../shared/errors/app-error.js';

/** As the command line's own limit: a message may hold a whole stack's worth of values. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export function newServer(): Server {
  return new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
}

/** Any free port, on this machine alone. @returns the port */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(new Defect('The engine could not open a local port', { cause: error }));
      else resolve(port);
    });
  });
}

/** An answer, or the thrown error's message. */
export function unary<Request, Response>(
  answer: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, respond) => {
    Promise.resolve()
      .then(() => answer(call.request, call))
      .then(
        (response) => respond(null, response),
        (error: unknown) =>
          respond({ code: status.UNKNOWN, message: error instanceof Error ? error.message : String(error) }),
      );
  };
}

/** What is not in `known` is answered as unimplemented; the command line then does without. */
export function implement(service: object, known: UntypedServiceImplementation): UntypedServiceImplementation {
  const missing = Object.keys(service).filter((name) => !(name in known));
  const refuse: handleUnaryCall<unknown, unknown> = (_, respond) =>
    respond({ code: status.UNIMPLEMENTED, message: 'not implemented' });
  return { ...Object.fromEntries(missing.map((name) => [name, refuse])), ...known };
}

import type { handleClientStreamingCall, Server } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { EventsService } from '@pulumi/pulumi/proto/events_grpc_pb.js';
import type { EventRequest } from '@pulumi/pulumi/proto/events_pb.js';
import { LanguageRuntimeService } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import type { LanguageHost } from './language-host.js';

/** What the command line of one run calls: its program, and the listener to its events. */
export function addServices(server: Server, host: LanguageHost, onEvent: (json: string) => void): void {
  const streamEvents: handleClientStreamingCall<EventRequest, empty.Empty> = (call, respond) => {
    call.on('data', (request: EventRequest) => onEvent(request.getEvent()));
    call.on('end', () => respond(null, new empty.Empty()));
  };
  server.addService(LanguageRuntimeService, host.implementation());
  server.addService(EventsService, { streamEvents });
}

import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Config } from '../config/config.js';
import { EventBus } from './event-bus.js';
import { EventLog } from './event-log.js';
import { EventRelay, InProcessEventRelay } from './event-relay.port.js';
import { counterSchema, DEPLOYMENT_EVENTS, EVENT_COUNTERS, eventSchema } from './event.schema.js';
import { EventsRepository } from './events.repository.js';

@Global()
@Module({
  imports: [
    MongooseModule.forFeatureAsync([
      {
        name: DEPLOYMENT_EVENTS,
        inject: [Config],
        useFactory: (config: Config) => eventSchema(config.retention.eventDays),
      },
    ]),
    MongooseModule.forFeature([{ name: EVENT_COUNTERS, schema: counterSchema }]),
  ],
  providers: [EventBus, EventLog, EventsRepository, { provide: EventRelay, useClass: InProcessEventRelay }],
  exports: [EventBus, EventLog, EventsRepository, EventRelay],
})
export class EventsModule implements OnModuleInit {
  constructor(private readonly events: EventsRepository) {}

  async onModuleInit(): Promise<void> {
    await this.events.prepare();
  }
}

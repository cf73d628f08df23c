import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FrontDesk } from '../../shared/http/front/front-desk.js';
import { BeatHints } from './beat-hints.js';
import { isPlainBeat } from './heartbeat-body.pipe.js';
import { HeartbeatsService } from './heartbeats.service.js';
import { type HeartbeatDto, toBeat, toHeartbeatAnswerDto, toSessionDto, toTaskBeats } from './session.dto.js';
import { SessionsService } from './sessions.service.js';

const NOTHING: HeartbeatDto = {};

/**
 * The two requests that clients send all the time, in front of the framework. Rules, rights and answers are those of
 * SessionsController; test/e2e/session-front.spec.ts holds both to the same.
 */
@Injectable()
export class SessionFront implements OnModuleInit {
  constructor(
    private readonly front: FrontDesk,
    private readonly sessions: SessionsService,
    private readonly heartbeats: HeartbeatsService,
    private readonly hints: BeatHints,
  ) {}

  onModuleInit(): void {
    this.front.add({
      method: 'POST',
      endpoint: '/api/sessions/:sessionId/heartbeat',
      parameter: 'sessionId',
      permission: 'sessions:write',
      rateClass: 'HEARTBEAT',
      takes: isPlainBeat,
      answer: async (caller, id, body) => {
        const dto = (body ?? NOTHING) as HeartbeatDto;
        const answer = await this.heartbeats.beat(caller, id, toBeat(dto), toTaskBeats(dto));
        return { body: JSON.stringify(toHeartbeatAnswerDto(answer)), headers: this.hints.of(answer.session).headers };
      },
    });
    this.front.add({
      method: 'GET',
      endpoint: '/api/sessions/:sessionId',
      parameter: 'sessionId',
      permission: 'sessions:read',
      answer: async (caller, id) => ({ body: JSON.stringify(toSessionDto(await this.sessions.read(caller, id))) }),
    });
  }
}

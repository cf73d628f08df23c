import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AppError } from '../../shared/errors/app-error.js';
import { Public } from '../../shared/http/allow.js';

/** Plain GETs of the WebSocket addresses; upgrade requests never come here. */
@ApiExcludeController()
@Public()
@Controller()
export class UpgradeController {
  @Get(['ws', 'api/v1/ws', 'deployments/:id/progress', 'deployments/:id', 'websocket/progress/:id'])
  refuse(): never {
    throw new AppError('UPGRADE_REQUIRED', 426, 'This address speaks WebSocket only', {
      headers: { Upgrade: 'websocket' },
    });
  }
}

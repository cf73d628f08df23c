import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller } from '../../../shared/http/allow.js';
import { ApiRefusals } from '../../../shared/http/api-answers.js';
import { FoundFailuresDto, toFoundFailuresDto } from './failure-detection.dto.js';
import { FailureDetection } from './failure-detection.js';

@ApiTags('Sessions')
@Controller('api/sessions')
export class FailureDetectionController {
  constructor(private readonly detection: FailureDetection) {}

  @Post('detect-failures')
  @AllowInSessions('admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'Look for stalled sessions and offline machines now, as the job does' })
  @ApiResponse({ status: 200, type: FoundFailuresDto })
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'] })
  async detect(@CurrentCaller() caller: Caller): Promise<FoundFailuresDto> {
    return toFoundFailuresDto(await this.detection.detect(caller));
  }
}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { ApiData } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { AwsAccessBody, AwsAccessDto, PulumiAccessDto } from './platform-access.dto.js';
import { PlatformAccessService } from './platform-access.service.js';

@ApiTags('Validation')
@Controller('api/v1/validation')
export class PlatformAccessController {
  constructor(private readonly platform: PlatformAccessService) {}

  @Post('aws')
  @HttpCode(200)
  @RateLimitClass('CHECK')
  @Allow('deployments:validate')
  @ApiOperation({
    summary: 'Whether the server has credentials of the account, reaches the region and has the basic permissions',
  })
  @ApiData(AwsAccessDto)
  async aws(@CurrentPrincipal() principal: Principal, @Body() body: AwsAccessBody): Promise<AwsAccessDto> {
    const { region = 'us-east-1', account, profile } = body;
    const asked = { region, ...(account ? { account } : {}), ...(profile ? { profile } : {}) };
    const { valid, access, findings } = await this.platform.account(principal, asked);
    return {
      valid,
      accountId: access?.accountId ?? null,
      region,
      credentials: {
        found: access?.credentials.found ?? false,
        profile: access?.credentials.profile ?? profile ?? null,
      },
      permissions: (access?.permissions ?? []).map(({ service, allowed, missing }) => ({ service, allowed, missing })),
      problems: findings.map(({ message }) => message),
      skipped: access ? null : 'No account is behind a sandbox',
    };
  }

  @Post('pulumi')
  @HttpCode(200)
  @RateLimitClass('CHECK')
  @Allow('deployments:validate')
  @ApiOperation({
    summary: 'Whether the Pulumi command line is there and its backend can be used; tries it with a stack of its own',
  })
  @ApiData(PulumiAccessDto)
  async pulumi(@CurrentPrincipal() principal: Principal): Promise<PulumiAccessDto> {
    const { valid, access, findings } = await this.platform.backend(principal);
    return {
      valid,
      cliInstalled: access?.cliInstalled ?? false,
      cliVersion: access?.cliVersion ?? null,
      minimumVersion: access?.minimumVersion ?? null,
      loggedIn: access?.loggedIn ?? false,
      organization: access?.organization ?? null,
      user: access?.user ?? null,
      canCreate: access?.canCreate ?? null,
      canRead: access?.canRead ?? null,
      canWrite: access?.canWrite ?? null,
      problems: findings.map(({ message }) => message),
      skipped: access ? null : 'The embedded engine keeps the state itself',
    };
  }
}

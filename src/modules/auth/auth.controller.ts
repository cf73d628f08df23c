import { Body, Controller, Get, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, Public, RateLimitClass } from '../../shared/http/allow.js';
import { Answer, created } from '../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../shared/http/api-answers.js';
import { DeprecatedAlias } from '../../shared/http/deprecated-alias.js';
import type { Principal } from '../../shared/http/principal.js';
import { Clock } from '../../shared/kernel/clock.js';
import { AuthAccess } from './auth.access.js';
import {
  LoginAnswerDto,
  LoginDto,
  LogoutAnswerDto,
  LogoutDto,
  MeDto,
  RefreshDto,
  TicketDto,
  TokensDto,
  toLoginAnswerDto,
  toMeDto,
  toTokensDto,
} from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { Authenticator } from './authenticator.service.js';
import { TICKET_SECONDS } from './tokens/ticket.js';
import { toKeyProfileDto, toProfileDto } from './users/user.dto.js';
import { UsersService } from './users/users.service.js';

@ApiTags('Auth')
@Controller('api/v1')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly authenticator: Authenticator,
    private readonly users: UsersService,
    private readonly access: AuthAccess,
    private readonly clock: Clock,
  ) {}

  @Post('auth/login')
  @Public()
  @RateLimitClass('AUTH')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Log in with password',
    description: 'Five failures within 15 min lock the account for 15 min.',
  })
  @ApiData(LoginAnswerDto)
  @ApiRefusals({ 401: ['AUTH_INVALID_CREDENTIALS'], 403: ['AUTH_ACCOUNT_LOCKED', 'AUTH_ACCOUNT_DISABLED'] })
  async login(@Body() dto: LoginDto, @Ip() ip: string): Promise<LoginAnswerDto> {
    return toLoginAnswerDto(await this.auth.login(dto.username ?? dto.email ?? '', dto.password, ip));
  }

  @Post('users/login')
  @Public()
  @RateLimitClass('AUTH')
  @HttpCode(200)
  @DeprecatedAlias('/api/v1/auth/login')
  @ApiOperation({ summary: 'Alias of POST /auth/login', deprecated: true })
  @ApiData(LoginAnswerDto)
  loginAlias(@Body() dto: LoginDto, @Ip() ip: string): Promise<LoginAnswerDto> {
    return this.login(dto, ip);
  }

  @Post('auth/refresh')
  @Public()
  @RateLimitClass('REFRESH')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Trade a refresh token for new tokens',
    description: 'Every refresh token is good once; using an old one again ends all tokens of its login.',
  })
  @ApiData(TokensDto)
  @ApiRefusals({
    401: ['AUTH_INVALID_TOKEN', 'AUTH_TOKEN_EXPIRED', 'AUTH_TOKEN_REUSED'],
    403: ['AUTH_ACCOUNT_DISABLED'],
  })
  async refresh(@Body() dto: RefreshDto): Promise<TokensDto> {
    return toTokensDto(await this.auth.refresh(dto.refreshToken));
  }

  @Post('auth/refresh-token')
  @Public()
  @RateLimitClass('REFRESH')
  @HttpCode(200)
  @DeprecatedAlias('/api/v1/auth/refresh')
  @ApiOperation({ summary: 'Alias of POST /auth/refresh', deprecated: true })
  @ApiData(TokensDto)
  refreshAlias(@Body() dto: RefreshDto): Promise<TokensDto> {
    return this.refresh(dto);
  }

  @Post('auth/logout')
  @Allow('self')
  @HttpCode(200)
  @ApiOperation({ summary: 'End this login, or all logins of the user' })
  @ApiData(LogoutAnswerDto)
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'] })
  async logout(@CurrentPrincipal() principal: Principal, @Body() dto: LogoutDto): Promise<LogoutAnswerDto> {
    await this.auth.logout(principal, dto?.allSessions ?? false);
    return { message: dto?.allSessions ? 'Logged out everywhere' : 'Logged out' };
  }

  @Post('auth/ws-ticket')
  @Allow('self')
  @ApiOperation({ summary: 'One-time ticket for a WebSocket, good for 30 s' })
  @ApiData(TicketDto, 201)
  async issueTicket(@CurrentPrincipal() principal: Principal): Promise<Answer<TicketDto>> {
    return created({ ticket: await this.authenticator.issueTicket(principal), expiresIn: TICKET_SECONDS }, '/ws');
  }

  @Get('auth/me')
  @Allow('self')
  @ApiOperation({ summary: 'Who am I, with which credential, and what may I do' })
  @ApiData(MeDto)
  async me(@CurrentPrincipal() principal: Principal): Promise<MeDto> {
    const profile = principal.userId
      ? toProfileDto(await this.users.getOwn(principal), this.clock.now())
      : toKeyProfileDto(principal);
    return toMeDto(profile, principal, this.access.permissionsOf(principal));
  }
}

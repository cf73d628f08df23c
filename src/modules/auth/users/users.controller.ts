import { Body, Controller, Delete, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, Public, RateLimitClass } from '../../../shared/http/allow.js';
import { Answer, created } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import {
  ChangePasswordDto,
  ProfileDto,
  RegisterDto,
  RemovedUserDto,
  RemoveProfileDto,
  toProfileDto,
  UpdateProfileDto,
} from './user.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('Users')
@Controller('api/v1/users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly clock: Clock,
  ) {}

  @Post('register')
  @Public()
  @RateLimitClass('REG')
  @ApiOperation({ summary: 'Make an account for yourself, where ALLOW_REGISTRATION permits it' })
  @ApiData(ProfileDto, 201)
  @ApiRefusals({ 403: ['REGISTRATION_DISABLED'], 409: ['RESOURCE_ALREADY_EXISTS'], 422: ['PASSWORD_POLICY'] })
  async register(@Body() dto: RegisterDto): Promise<Answer<ProfileDto>> {
    return created(toProfileDto(await this.users.register(dto), this.clock.now()), '/api/v1/users/profile');
  }

  @Get('profile')
  @Allow('self')
  @ApiOperation({ summary: 'Your own profile' })
  @ApiData(ProfileDto)
  async getProfile(@CurrentPrincipal() principal: Principal): Promise<ProfileDto> {
    return toProfileDto(await this.users.getOwn(principal), this.clock.now());
  }

  @Put('profile')
  @Allow('self')
  @ApiOperation({ summary: 'Change name, e-mail or preferences; what is not given stays' })
  @ApiData(ProfileDto)
  @ApiRefusals({ 409: ['RESOURCE_ALREADY_EXISTS'] })
  async updateProfile(@CurrentPrincipal() principal: Principal, @Body() dto: UpdateProfileDto): Promise<ProfileDto> {
    return toProfileDto(await this.users.updateOwn(principal, dto), this.clock.now());
  }

  @Put('password')
  @Allow('self')
  @ApiOperation({ summary: 'Change the password; refresh tokens of all logins die' })
  @ApiData(ProfileDto)
  @ApiRefusals({ 401: ['AUTH_INVALID_CREDENTIALS'], 422: ['PASSWORD_POLICY'] })
  async changePassword(
    @CurrentPrincipal() principal: Principal,
    @Body() dto: ChangePasswordDto,
  ): Promise<Answer<ProfileDto>> {
    await this.users.changePassword(principal, dto.currentPassword, dto.newPassword);
    return new Answer(toProfileDto(await this.users.getOwn(principal), this.clock.now()), {
      message: 'Password changed',
    });
  }

  @Delete('profile')
  @Allow('self')
  @HttpCode(200)
  @ApiOperation({ summary: 'Remove your account and your personal data' })
  @ApiData(RemovedUserDto)
  @ApiRefusals({ 401: ['AUTH_INVALID_CREDENTIALS'], 409: ['LAST_ADMIN'] })
  async removeProfile(
    @CurrentPrincipal() principal: Principal,
    @Body() dto: RemoveProfileDto,
  ): Promise<Answer<RemovedUserDto>> {
    const { id } = await this.users.removeOwn(principal, dto.password);
    return new Answer({ id, deleted: true }, { message: 'Account removed' });
  }
}

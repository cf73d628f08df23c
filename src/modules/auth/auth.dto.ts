import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import type { Principal } from '../../shared/http/principal.js';
import type { LoginResult } from './auth.service.js';
import { ProfileDto } from './users/user.dto.js';
import { membershipsOf, rolesOf } from './users/user.js';

export class LoginDto {
  @ApiPropertyOptional({ description: 'E-mail or user name', maxLength: 254, example: 'ada@example.com' })
  @ValidateIf((dto: LoginDto) => dto.email === undefined || dto.username !== undefined)
  @IsString()
  @IsNotEmpty()
  @MaxLength(254)
  readonly username?: string;

  @ApiPropertyOptional({ description: 'Synonym of username', maxLength: 254, example: 'ada@example.com' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(254)
  readonly email?: string;

  @ApiProperty({ maxLength: 256, example: 'Correct-horse-7' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(256)
  readonly password!: string;
}

export class RefreshDto {
  @ApiProperty({ description: 'The newest refresh token of this login', example: 'k3v9….Zm9v….5f1c…' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  readonly refreshToken!: string;
}

export class LogoutDto {
  @ApiPropertyOptional({ description: 'End every login of the user, not only this one', default: false })
  @IsOptional()
  @IsBoolean()
  readonly allSessions: boolean = false;
}

export class TokenUserDto {
  @ApiProperty({ example: 'user-4f0k2m8s1q7w9e3r' })
  readonly id!: string;
  @ApiProperty({ example: 'ada@example.com' })
  readonly email!: string;
  @ApiProperty({ example: 'Ada' })
  readonly name!: string;
  @ApiProperty({ type: [String], example: ['developer'] })
  readonly roles!: readonly string[];
  @ApiProperty({ type: [String], example: ['acme'] })
  readonly organizations!: readonly string[];
}

export class TokensDto {
  @ApiProperty({ description: 'JWT for the Authorization header', example: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' })
  readonly accessToken!: string;
  @ApiProperty({ description: 'JWT about the user, for the client only', example: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' })
  readonly idToken!: string;
  @ApiProperty({ description: 'Good for one refresh', example: 'k3v9….Zm9v….5f1c…' })
  readonly refreshToken!: string;
  @ApiProperty({ description: 'Life of the access token in seconds', example: 3600 })
  readonly expiresIn!: number;
  @ApiProperty({ example: 'Bearer' })
  readonly tokenType!: 'Bearer';
}

export class LoginAnswerDto extends TokensDto {
  @ApiProperty({ type: TokenUserDto })
  readonly user!: TokenUserDto;
}

export class LogoutAnswerDto {
  @ApiProperty({ example: 'Logged out' })
  readonly message!: string;
}

export class TicketDto {
  @ApiProperty({ description: 'For `?ticket=` of one WebSocket upgrade', example: 'pX0l1n4Y…' })
  readonly ticket!: string;
  @ApiProperty({ description: 'Seconds', example: 30 })
  readonly expiresIn!: number;
}

export class CredentialDto {
  @ApiProperty({ enum: ['access_token', 'api_key', 'static_key'] })
  readonly type!: 'access_token' | 'api_key' | 'static_key';
  @ApiProperty({ type: String, nullable: true, example: null })
  readonly keyId!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly expiresAt!: string | null;
}

export class MeDto extends ProfileDto {
  @ApiProperty({ type: [String], description: 'Permissions held somewhere', example: ['deployments:read'] })
  readonly permissions!: readonly string[];
  @ApiProperty({ type: CredentialDto })
  readonly credential!: CredentialDto;
}

export function toTokensDto(result: LoginResult): TokensDto {
  return {
    accessToken: result.accessToken,
    idToken: result.idToken,
    refreshToken: result.refreshToken,
    expiresIn: result.expiresIn,
    tokenType: 'Bearer',
  };
}

export function toLoginAnswerDto(result: LoginResult): LoginAnswerDto {
  const { user } = result;
  return {
    ...toTokensDto(result),
    user: { id: user.id, email: user.email, name: user.name, roles: rolesOf(user), organizations: membershipsOf(user) },
  };
}

export function toMeDto(profile: ProfileDto, principal: Principal, permissions: readonly string[]): MeDto {
  return {
    ...profile,
    permissions,
    credential: {
      type: principal.kind === 'user' ? 'access_token' : principal.kind,
      keyId: principal.kind === 'user' ? null : principal.id,
      expiresAt: principal.expiresAt?.toISOString() ?? null,
    },
  };
}

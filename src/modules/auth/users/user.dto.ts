import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsEmail,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { PageQuery, type Pagination } from '../../../shared/http/paging.js';
import type { Assignment, EnvironmentName, Principal, Role } from '../../../shared/http/principal.js';
import { PlainName, PlainText } from '../../../shared/http/text-rules.js';
import { membershipsOf, type OrganizationTier, rolesOf, statusOf, type User } from './user.js';
import type { UserSort } from './users.repository.js';

const TIERS: readonly OrganizationTier[] = ['free', 'standard', 'enterprise'];
const Trim = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

export class RegisterDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254 })
  @Trim()
  @IsEmail()
  @MaxLength(254)
  readonly email!: string;

  @ApiPropertyOptional({ description: 'Default: the e-mail', minLength: 3, maxLength: 50, example: 'ada' })
  @IsOptional()
  @Trim()
  @IsString()
  @Length(3, 50)
  @PlainName()
  readonly username?: string;

  @ApiProperty({
    description: '8 to 128 characters, at least three of lower case, upper case, digit, symbol; not the e-mail',
    example: 'Correct-horse-7',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1024) // the policy (422) has the last word on the length
  readonly password!: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Ada' })
  @IsOptional()
  @Trim()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly name?: string;
}

export class AssignmentDto {
  @ApiProperty({ enum: ['admin', 'operator', 'developer', 'viewer'], example: 'developer' })
  @IsString()
  @IsNotEmpty()
  readonly role!: string;

  @ApiProperty({ description: '`*` (with role admin) makes an administrator of the platform', example: 'acme' })
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly organization!: string;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'Missing: all projects', example: 'shop' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly project?: string | null;

  @ApiPropertyOptional({
    type: [String],
    enum: ['dev', 'stage', 'prod'],
    nullable: true,
    description: 'Missing: all environments',
  })
  @IsOptional()
  @IsArray()
  @IsIn(['dev', 'stage', 'prod'], { each: true })
  readonly environments?: readonly EnvironmentName[] | null;
}

export class AssignmentsDto {
  @ApiProperty({ type: [AssignmentDto], description: 'The whole list' })
  @IsDefined()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => AssignmentDto)
  readonly assignments!: readonly AssignmentDto[];
}

export class CreateUserDto extends RegisterDto {
  @ApiPropertyOptional({ type: [AssignmentDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => AssignmentDto)
  readonly assignments?: readonly AssignmentDto[];
}

export class UpdateUserDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Ada' })
  @IsOptional()
  @Trim()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly name?: string;

  @ApiPropertyOptional({ enum: ['active', 'disabled'] })
  @IsOptional()
  @IsIn(['active', 'disabled'])
  readonly status?: 'active' | 'disabled';

  @ApiPropertyOptional({
    enum: TIERS,
    nullable: true,
    description: 'Overrides the tier of the organizations; null ends it',
  })
  @ValidateIf((dto: UpdateUserDto) => dto.tier !== undefined && dto.tier !== null)
  @IsIn(TIERS)
  readonly tier?: OrganizationTier | null;

  @ApiPropertyOptional({ type: [AssignmentDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => AssignmentDto)
  readonly assignments?: readonly AssignmentDto[];
}

class NotificationPreferencesDto {
  @ApiPropertyOptional()
  @IsOptional()
  @IsBoolean()
  readonly email?: boolean;

  @ApiPropertyOptional()
  @IsOptional()
  @IsBoolean()
  readonly slack?: boolean;
}

export class PreferencesDto {
  @ApiPropertyOptional({ example: 'en' })
  @IsOptional()
  @IsString()
  @MaxLength(35)
  readonly language?: string;

  @ApiPropertyOptional({ example: 'Europe/Vienna' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  readonly timezone?: string;

  @ApiPropertyOptional({ example: 'dark' })
  @IsOptional()
  @IsString()
  @MaxLength(32)
  readonly theme?: string;

  @ApiPropertyOptional({ type: NotificationPreferencesDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => NotificationPreferencesDto)
  readonly notifications?: NotificationPreferencesDto;

  @ApiPropertyOptional({ type: Object, description: 'Settings of the chat' })
  @IsOptional()
  @IsObject()
  readonly chat?: Record<string, unknown>;
}

export class UpdateProfileDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Ada' })
  @IsOptional()
  @Trim()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly name?: string;

  @ApiPropertyOptional({ example: 'ada@example.com', maxLength: 254 })
  @IsOptional()
  @Trim()
  @IsEmail()
  @MaxLength(254)
  readonly email?: string;

  @ApiPropertyOptional({ type: PreferencesDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => PreferencesDto)
  readonly preferences?: PreferencesDto;
}

export class ChangePasswordDto {
  @ApiProperty({ example: 'Correct-horse-7' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(256)
  readonly currentPassword!: string;

  @ApiProperty({ example: 'Correct-horse-8' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1024)
  readonly newPassword!: string;
}

export class RemoveProfileDto {
  @ApiProperty({ example: 'Correct-horse-7' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(256)
  readonly password!: string;
}

export class UserParams {
  @ApiProperty({ example: 'user-4f0k2m8s1q7w9e3r' })
  @IsString()
  @Length(1, 64)
  @PlainName()
  readonly userId!: string;
}

export class UsersQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Members of this organization', example: 'acme' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly organization?: string;

  @ApiPropertyOptional({ enum: ['active', 'disabled'] })
  @IsOptional()
  @IsIn(['active', 'disabled'])
  readonly status?: 'active' | 'disabled';

  @ApiPropertyOptional({ maxLength: 200, description: 'Part of e-mail, user name or name' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly search?: string;

  @ApiPropertyOptional({ enum: ['createdAt', 'email', 'name'], default: 'createdAt' })
  @IsOptional()
  @IsIn(['createdAt', 'email', 'name'])
  readonly sortBy: UserSort = 'createdAt';

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  readonly sortOrder: 'asc' | 'desc' = 'desc';
}

export class AssignmentAnswerDto {
  @ApiProperty({ enum: ['admin', 'operator', 'developer', 'viewer'], example: 'developer' })
  readonly role!: Role;
  @ApiProperty({ example: 'acme' })
  readonly organization!: string;
  @ApiProperty({ type: String, nullable: true, example: null })
  readonly project!: string | null;
  @ApiProperty({ type: [String], nullable: true, example: null })
  readonly environments!: readonly EnvironmentName[] | null;
}

export class ProfileDto {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'user-4f0k2m8s1q7w9e3r',
    description: 'null for a bootstrap key',
  })
  readonly id!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' })
  readonly email!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'ada' })
  readonly username!: string | null;
  @ApiProperty({ example: 'Ada' })
  readonly name!: string;
  @ApiProperty({ type: [AssignmentAnswerDto] })
  readonly assignments!: readonly AssignmentAnswerDto[];
  @ApiProperty({ type: [String], example: ['developer'] })
  readonly roles!: readonly string[];
  @ApiProperty({ type: [String], example: ['acme'] })
  readonly organizations!: readonly string[];
  @ApiProperty({ example: false })
  readonly mfaEnabled!: boolean;
  @ApiProperty({ enum: ['active', 'locked', 'disabled'] })
  readonly status!: 'active' | 'locked' | 'disabled';
  @ApiProperty({ example: 'local' })
  readonly authProvider!: string;
  @ApiProperty({ type: PreferencesDto })
  readonly preferences!: PreferencesDto;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly createdAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly updatedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly lastLoginAt!: string | null;
}

export class AdminUserDto extends ProfileDto {
  @ApiProperty({ enum: TIERS, nullable: true, description: 'Own tier; null: that of the organizations' })
  readonly tier!: OrganizationTier | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly lockedUntil!: string | null;
}

export class UserPageDto {
  @ApiProperty({ type: [AdminUserDto] })
  readonly users!: readonly AdminUserDto[];
  @ApiProperty({ type: Object, example: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false } })
  readonly pagination!: Pagination;
}

export class RemovedUserDto {
  @ApiProperty({ example: 'user-4f0k2m8s1q7w9e3r' })
  readonly id!: string;
  @ApiProperty({ example: true })
  readonly deleted!: true;
}

/** Wire → domain; a role outside the four is refused by the caller (422). */
export function toAssignment(dto: AssignmentDto): Assignment {
  return {
    role: dto.role as Role,
    organization: dto.organization,
    ...(dto.project ? { project: dto.project } : {}),
    ...(dto.environments ? { environments: dto.environments } : {}),
  };
}

export function toProfileDto(user: User, now: Date): ProfileDto {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    assignments: user.assignments.map(toAssignmentDto),
    roles: rolesOf(user),
    organizations: membershipsOf(user),
    mfaEnabled: false,
    status: statusOf(user, now),
    authProvider: 'local',
    preferences: user.preferences as PreferencesDto,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
    lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
  };
}

/** What can be said about a bootstrap key, behind which there is no user. */
export function toKeyProfileDto(principal: Principal): ProfileDto {
  return {
    id: null,
    email: null,
    username: null,
    name: principal.name,
    assignments: principal.assignments.map(toAssignmentDto),
    roles: rolesOf(principal),
    organizations: membershipsOf(principal),
    mfaEnabled: false,
    status: 'active',
    authProvider: 'local',
    preferences: {},
    createdAt: null,
    updatedAt: null,
    lastLoginAt: null,
  };
}

export function toAdminUserDto(user: User, now: Date): AdminUserDto {
  return {
    ...toProfileDto(user, now),
    tier: user.tier,
    lockedUntil: user.lockedUntil && user.lockedUntil > now ? user.lockedUntil.toISOString() : null,
  };
}

function toAssignmentDto(assignment: Assignment): AssignmentAnswerDto {
  return {
    role: assignment.role,
    organization: assignment.organization,
    project: assignment.project ?? null,
    environments: assignment.environments ?? null,
  };
}

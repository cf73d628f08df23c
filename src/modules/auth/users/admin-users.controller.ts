import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { Answer, created } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import { AdminUsersService } from './admin-users.service.js';
import {
  AdminUserDto,
  AssignmentsDto,
  CreateUserDto,
  RemovedUserDto,
  toAdminUserDto,
  toAssignment,
  UpdateUserDto,
  UserPageDto,
  UserParams,
  UsersQuery,
} from './user.dto.js';

@ApiTags('Admin')
@Controller('api/v1/admin/users')
export class AdminUsersController {
  constructor(
    private readonly users: AdminUsersService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Allow('users:manage')
  @ApiOperation({ summary: 'Users of your organizations; of all for an administrator of the platform' })
  @ApiData(UserPageDto)
  async list(@CurrentPrincipal() principal: Principal, @Query() query: UsersQuery): Promise<UserPageDto> {
    const { page, limit, sortBy, sortOrder, ...filter } = query;
    const sort = { by: sortBy, descending: sortOrder === 'desc' };
    const { users, total } = await this.users.list(principal, filter, page, limit, sort);
    const now = this.clock.now();
    return { users: users.map((user) => toAdminUserDto(user, now)), pagination: paginate(page, limit, total) };
  }

  @Post()
  @Allow('users:manage')
  @ApiOperation({ summary: 'Make a user, with assignments' })
  @ApiData(AdminUserDto, 201)
  @ApiRefusals({ 409: ['RESOURCE_ALREADY_EXISTS'], 422: ['PASSWORD_POLICY', 'INVALID_OPTIONS'] })
  async create(@CurrentPrincipal() principal: Principal, @Body() dto: CreateUserDto): Promise<Answer<AdminUserDto>> {
    const assignments = (dto.assignments ?? []).map(toAssignment);
    const user = await this.users.create(principal, { ...dto, assignments });
    return created(toAdminUserDto(user, this.clock.now()), `/api/v1/admin/users/${user.id}`);
  }

  @Get(':userId')
  @Allow('users:manage')
  @ApiOperation({ summary: 'One user' })
  @ApiData(AdminUserDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(@CurrentPrincipal() principal: Principal, @Param() { userId }: UserParams): Promise<AdminUserDto> {
    return toAdminUserDto(await this.users.getUser(principal, userId), this.clock.now());
  }

  @Patch(':userId')
  @Allow('users:manage')
  @ApiOperation({ summary: 'Change name, status, tier or assignments; what is not given stays' })
  @ApiData(AdminUserDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['LAST_ADMIN'], 422: ['INVALID_OPTIONS'] })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param() { userId }: UserParams,
    @Body() dto: UpdateUserDto,
  ): Promise<AdminUserDto> {
    const { assignments, ...account } = dto;
    const changes = { ...account, ...(assignments ? { assignments: assignments.map(toAssignment) } : {}) };
    return toAdminUserDto(await this.users.update(principal, userId, changes), this.clock.now());
  }

  @Delete(':userId')
  @Allow('users:manage')
  @HttpCode(200)
  @ApiOperation({ summary: 'Disable a user and remove the personal data' })
  @ApiData(RemovedUserDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['LAST_ADMIN'] })
  async remove(
    @CurrentPrincipal() principal: Principal,
    @Param() { userId }: UserParams,
  ): Promise<Answer<RemovedUserDto>> {
    const { id } = await this.users.remove(principal, userId);
    return new Answer({ id, deleted: true }, { message: 'User removed' });
  }

  @Put(':userId/assignments')
  @Allow('users:manage')
  @ApiOperation({ summary: 'Set the assignments, as far as you administer their organizations' })
  @ApiData(AdminUserDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['LAST_ADMIN'], 422: ['INVALID_OPTIONS'] })
  async assign(
    @CurrentPrincipal() principal: Principal,
    @Param() { userId }: UserParams,
    @Body() dto: AssignmentsDto,
  ): Promise<AdminUserDto> {
    const user = await this.users.assign(principal, userId, dto.assignments.map(toAssignment));
    return toAdminUserDto(user, this.clock.now());
  }

  @Post(':userId/unlock')
  @Allow('users:manage')
  @HttpCode(200)
  @ApiOperation({ summary: 'Lift the lock after failed logins' })
  @ApiData(AdminUserDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async unlock(@CurrentPrincipal() principal: Principal, @Param() { userId }: UserParams): Promise<AdminUserDto> {
    return toAdminUserDto(await this.users.unlock(principal, userId), this.clock.now());
  }
}

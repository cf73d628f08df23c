import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { SessionReads } from './session.reads.js';
import { WORKSPACES, workspaceSchema } from './workspace.schema.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { WorkspacesService } from './workspaces.service.js';

@Module({
  imports: [MongooseModule.forFeature([{ name: WORKSPACES, schema: workspaceSchema }])],
  controllers: [WorkspacesController],
  providers: [WorkspacesRepository, WorkspacesService, SessionReads],
})
export class WorkspacesModule implements OnModuleInit {
  constructor(private readonly workspaces: WorkspacesRepository) {}

  async onModuleInit(): Promise<void> {
    await this.workspaces.prepare();
  }
}

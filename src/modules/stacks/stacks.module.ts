import { Module } from '@nestjs/common';
import { TemplatesModule } from '../templates/templates.module.js';
import { StacksController } from './stacks.controller.js';
import { StacksService } from './stacks.service.js';

@Module({
  imports: [TemplatesModule],
  controllers: [StacksController],
  providers: [StacksService],
  exports: [StacksService],
})
export class StacksModule {}

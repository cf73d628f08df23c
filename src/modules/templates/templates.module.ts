import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { CustomTemplatesService } from './custom-templates.service.js';
import { TemplateLibrary } from './template-library.js';
import {
  customTemplateSchema,
  MANIFEST_TEMPLATE_VERSIONS,
  MANIFEST_TEMPLATES,
  STACK_TEMPLATES,
  stackRegistrationSchema,
  TEMPLATE_CHANGES,
  templateChangeSchema,
  templateVersionSchema,
} from './template.schema.js';
import { TemplatesController } from './templates.controller.js';
import { TemplatesRepository } from './templates.repository.js';
import { TemplatesService } from './templates.service.js';

@Module({
  imports: [
    MongooseModule.forFeature([
      { name: MANIFEST_TEMPLATES, schema: customTemplateSchema },
      { name: MANIFEST_TEMPLATE_VERSIONS, schema: templateVersionSchema },
      { name: STACK_TEMPLATES, schema: stackRegistrationSchema },
      { name: TEMPLATE_CHANGES, schema: templateChangeSchema },
    ]),
  ],
  controllers: [TemplatesController],
  providers: [TemplatesRepository, TemplateLibrary, TemplatesService, CustomTemplatesService],
  exports: [TemplateLibrary, TemplatesService, CustomTemplatesService],
})
export class TemplatesModule implements OnModuleInit {
  constructor(
    private readonly repository: TemplatesRepository,
    private readonly library: TemplateLibrary,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.repository.prepare();
    await this.library.refresh();
  }
}

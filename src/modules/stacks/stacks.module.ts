import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { TemplatesModule } from '../templates/templates.module.js';
import {
  DEPLOYMENTS_OF_STACKS,
  deploymentsOfStacksSchema,
  MANIFESTS_OF_STACKS,
  manifestsOfStacksSchema,
  StackDeploymentReads,
} from './deployment.reads.js';
import { RegistrationsController } from './registrations.controller.js';
import { StackRegistryService } from './stack-registry.service.js';
import { StackValidationService } from './stack-validation.service.js';
import { StacksController } from './stacks.controller.js';
import { StacksService } from './stacks.service.js';

@Module({
  imports: [
    TemplatesModule,
    MongooseModule.forFeature([
      { name: DEPLOYMENTS_OF_STACKS, schema: deploymentsOfStacksSchema },
      { name: MANIFESTS_OF_STACKS, schema: manifestsOfStacksSchema },
    ]),
  ],
  controllers: [StacksController, RegistrationsController],
  providers: [StacksService, StackRegistryService, StackValidationService, StackDeploymentReads],
  exports: [StacksService],
})
export class StacksModule {}

import { Catalogue } from './catalogue.js';
import { RunInspections, RunPreparation } from './operations/run-preparation.js';
import { RunPostflight } from './operations/run-postflight.js';
import { RunPreflight } from './operations/run-preflight.js';
import { Module, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { StacksModule } from '../stacks/stacks.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { DEPLOYMENTS, deploymentSchema, MANIFEST_REVISIONS, manifestRevisionSchema } from './deployment.schema.js';
import { DeploymentTemplateSource } from './deployment-template-source.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { DeploymentStores } from './deployment-stores.js';
import { DeploymentValues } from './deployment-values.js';
import { DeploymentsService } from './deployments.service.js';
import { ManifestEditsService } from './manifest-edits.service.js';
import { ClosingTools, EnvironmentClosing } from './environments/environment-closing.js';
import { DisablingRecords, EnvironmentDisabling } from './environments/environment-disabling.js';
import { EnvironmentsController } from './environments/environments.controller.js';
import { EnvironmentsService, SwitchTools } from './environments/environments.service.js';
import { PromotionGate } from './environments/promotion-gate.js';
import { PromotionProof } from './environments/promotion-proof.js';
import { PromotionsService, PromotionTools } from './environments/promotions.service.js';
import {
  DEPLOYMENT_VERSIONS,
  ENVIRONMENTS_COLLECTION,
  environmentSchema,
  environmentVersionSchema,
  STACK_INSTANCES,
  stackInstanceSchema,
  STICKY_VALUES,
  stickyValueSchema,
} from './environments/environment.schema.js';
import { EnvironmentsRepository } from './environments/environments.repository.js';
import { StackInstancesRepository } from './environments/stack-instances.repository.js';
import { VersionsRepository } from './environments/versions.repository.js';
import { ConfigurationController } from './configuration/configuration.controller.js';
import { ConfigurationService } from './configuration/configuration.service.js';
import { ExplainService } from './configuration/explain.service.js';
import { ManifestRevisionsService } from './configuration/manifest-revisions.service.js';
import { TemplateSources } from './configuration/template-sources.js';
import { Config } from '../../shared/config/config.js';
import { EnvironmentViews } from './validation/environment-views.js';
import { FullChecks } from './validation/full-checks.js';
import { HealthProbe, NoHealthProbe } from './validation/health-probe.port.js';
import { HttpHealthProbe } from './validation/http.health-probe.js';
import { PlatformAccessController } from './validation/platform-access.controller.js';
import { PlatformAccessService } from './validation/platform-access.service.js';
import { ValidationController } from './validation/validation.controller.js';
import { ValidationService } from './validation/validation.service.js';
import { StackInspection } from './validation/stack-inspection.js';
import { VerificationService, VerificationTools } from './validation/verification.service.js';
import { DeploymentStacksController } from './instances/deployment-stacks.controller.js';
import { DeploymentStacksService, StackReadTools } from './instances/deployment-stacks.service.js';
import { DEPLOYMENT_LOGS, deploymentLogSchema } from './logs/deployment-log.schema.js';
import { DeploymentLogsRepository } from './logs/deployment-logs.repository.js';
import { LogFiles } from './logs/log-files.service.js';
import { LogKeeper } from './logs/log-keeper.js';
import { LogMirror } from './logs/log-mirror.js';
import { LogsController } from './logs/logs.controller.js';
import { LogsService, LogStores } from './logs/logs.service.js';
import { DeploymentMetricsController } from './metrics/deployment-metrics.controller.js';
import { DeploymentMetricsService } from './metrics/deployment-metrics.service.js';
import { ManifestVault } from './manifest-vault.js';
import { RemovalController } from './removal/removal.controller.js';
import { RemovalService } from './removal/removal.service.js';
import { Policies } from './policies.js';
import { DeploymentMirror } from './mirror/deployment-mirror.js';
import { OperationClosing } from './operations/operation-closing.js';
import { OperationIntake, OperationStores, OperationTools } from './operations/operation-intake.js';
import { OperationJournals } from './operations/operation-journals.js';
import { OperationPlanner } from './operations/operation-planner.js';
import { OperationExecution, OperationWorker } from './operations/operation-worker.js';
import { OPERATIONS, operationSchema } from './operations/operation.schema.js';
import { OperationsController } from './operations/operations.controller.js';
import { OperationsJobs } from './operations/operations.jobs.js';
import { OperationsRepository } from './operations/operations.repository.js';
import { OperationsService } from './operations/operations.service.js';
import { PausesService } from './operations/pauses.service.js';
import { RetriesService } from './operations/retries.service.js';
import { RollbacksController } from './operations/rollbacks.controller.js';
import { RollbacksService } from './operations/rollbacks.service.js';
import { RunRequestBuilder, VersionReader } from './operations/run-request.builder.js';
import { StackRunsController } from './operations/stack-runs.controller.js';
import { StackRunsService } from './operations/stack-runs.service.js';
import { StaleDependents } from './operations/stale-dependents.js';
import { STATE_BUNDLES, stateBundleSchema } from './bundles/state-bundle.schema.js';
import { StateBundlesController } from './bundles/state-bundles.controller.js';
import { StateBundlesRepository } from './bundles/state-bundles.repository.js';
import { BundleSources, BundleTools, StateBundlesService } from './bundles/state-bundles.service.js';
import { EnvironmentLocks } from './locks/environment-locks.js';
import { LocksController } from './locks/locks.controller.js';
import { UnlockPlaces, UnlocksService, UnlockTools } from './locks/unlocks.service.js';
import { HttpWebhookClient } from './webhooks/http.webhook-client.js';
import { WEBHOOK_DELIVERIES, webhookDeliverySchema } from './webhooks/webhook-delivery.schema.js';
import { WebhookDeliveriesRepository } from './webhooks/webhook-deliveries.repository.js';
import { WebhookOutbox } from './webhooks/webhook-outbox.js';
import { WebhookClient } from './webhooks/webhook.port.js';
import { WebhookExit, WebhookSender } from './webhooks/webhook-sender.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { WebhookTargets } from './webhooks/webhook-targets.js';
import { ReportsController } from './reports/reports.controller.js';
import { ReportsService } from './reports/reports.service.js';
import { DriftController } from './state/drift.controller.js';
import { DriftJobs } from './state/drift.jobs.js';
import { DriftSchedulesService, DriftTools } from './state/drift-schedules.service.js';
import { StackRefs } from './state/stack-refs.js';
import { StateChangesService, StatePlaces, SyncTools } from './state/state-changes.service.js';
import { StateController } from './state/state.controller.js';
import { StateService, StateStores } from './state/state.service.js';
import { UpkeepService } from './state/upkeep.service.js';
import { STATE_BACKUPS, stateBackupSchema } from './state/state-backup.schema.js';
import { StateBackupsRepository } from './state/state-backups.repository.js';
import { StateBackups } from './state/state-backups.js';
import { VersionSnapshots } from './environments/version-snapshots.js';
import { StatusService, StatusSources } from './operations/status.service.js';

const REPOSITORIES = [
  DeploymentsRepository,
  EnvironmentsRepository,
  StackInstancesRepository,
  VersionsRepository,
  OperationsRepository,
  StateBackupsRepository,
  WebhookDeliveriesRepository,
  StateBundlesRepository,
  DeploymentLogsRepository,
];

@Module({
  imports: [
    TemplatesModule,
    StacksModule,
    MongooseModule.forFeature([
      { name: DEPLOYMENTS, schema: deploymentSchema },
      { name: MANIFEST_REVISIONS, schema: manifestRevisionSchema },
      { name: ENVIRONMENTS_COLLECTION, schema: environmentSchema },
      { name: STACK_INSTANCES, schema: stackInstanceSchema },
      { name: DEPLOYMENT_VERSIONS, schema: environmentVersionSchema },
      { name: STICKY_VALUES, schema: stickyValueSchema },
      { name: OPERATIONS, schema: operationSchema },
      { name: WEBHOOK_DELIVERIES, schema: webhookDeliverySchema },
      { name: STATE_BUNDLES, schema: stateBundleSchema },
      { name: STATE_BACKUPS, schema: stateBackupSchema },
      { name: DEPLOYMENT_LOGS, schema: deploymentLogSchema },
    ]),
  ],
  controllers: [
    OperationsController,
    ReportsController,
    WebhooksController,
    RollbacksController,
    StackRunsController,
    EnvironmentsController,
    DeploymentStacksController,
    RemovalController,
    ConfigurationController,
    ValidationController,
    PlatformAccessController,
    StateController,
    LocksController,
    StateBundlesController,
    DriftController,
    LogsController,
    DeploymentMetricsController,
    DeploymentsController,
  ],
  providers: [
    ...REPOSITORIES,
    DeploymentMirror,
    ManifestVault,
    DeploymentsService,
    DeploymentTemplateSource,
    ManifestEditsService,
    DeploymentStores,
    DeploymentValues,
    Catalogue,
    Policies,
    ConfigurationService,
    ExplainService,
    ManifestRevisionsService,
    TemplateSources,
    FullChecks,
    EnvironmentViews,
    ValidationService,
    VerificationService,
    VerificationTools,
    StackInspection,
    PlatformAccessService,
    {
      provide: HealthProbe,
      inject: [Config],
      useFactory: (config: Config) => (config.engine.cloud === 'aws' ? new HttpHealthProbe() : new NoHealthProbe()),
    },
    EnvironmentClosing,
    ClosingTools,
    EnvironmentDisabling,
    DisablingRecords,
    EnvironmentsService,
    SwitchTools,
    PromotionGate,
    PromotionProof,
    PromotionsService,
    PromotionTools,
    DeploymentStacksService,
    StackReadTools,
    RemovalService,
    OperationsService,
    OperationIntake,
    OperationStores,
    OperationTools,
    OperationClosing,
    OperationJournals,
    OperationPlanner,
    OperationWorker,
    OperationExecution,
    OperationsJobs,
    ReportsService,
    WebhookTargets,
    WebhookOutbox,
    WebhookSender,
    WebhookExit,
    {
      provide: WebhookClient,
      inject: [Config],
      useFactory: (config: Config) => new HttpWebhookClient(config.webhooks.allowPrivate),
    },
    RollbacksService,
    RetriesService,
    PausesService,
    StackRunsService,
    StaleDependents,
    RunRequestBuilder,
    VersionReader,
    VersionSnapshots,
    RunPreflight,
    RunPostflight,
    RunInspections,
    RunPreparation,
    EnvironmentLocks,
    StateBundlesService,
    BundleSources,
    BundleTools,
    UnlocksService,
    UnlockPlaces,
    UnlockTools,
    StateBackups,
    StackRefs,
    StateService,
    StateStores,
    StateChangesService,
    StatePlaces,
    SyncTools,
    UpkeepService,
    DriftSchedulesService,
    DriftTools,
    DriftJobs,
    StatusService,
    StatusSources,
    LogKeeper,
    LogMirror,
    LogFiles,
    LogStores,
    LogsService,
    DeploymentMetricsService,
  ],
  exports: [Policies, DeploymentValues],
})
export class DeploymentsModule implements OnModuleInit {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsRepository,
    private readonly instances: StackInstancesRepository,
    private readonly versions: VersionsRepository,
    private readonly operations: OperationsRepository,
    private readonly backups: StateBackupsRepository,
    private readonly webhooks: WebhookDeliveriesRepository,
    private readonly bundles: StateBundlesRepository,
    private readonly logs: DeploymentLogsRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    const { deployments, environments, instances, versions, operations, backups, webhooks, bundles, logs } = this;
    for (const repository of [
      deployments,
      environments,
      instances,
      versions,
      operations,
      backups,
      webhooks,
      bundles,
      logs,
    ]) {
      await repository.prepare();
    }
  }
}

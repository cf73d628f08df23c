import { Budget } from '@pulumi/aws/budgets/index.js';
import { type Context, type MonitoringConfig, opts, tags } from '../../shared/index.js';

/**
 * Monthly cost of what carries this deployment's tag. AWS Budgets writes to the e-mail address itself: it may not use the key of
 * the topics.
 */
export function createBudget(ctx: Context, cfg: MonitoringConfig): void {
  if (cfg.monthlyBudgetUsd === 0) return;
  const { alertEmail } = cfg;
  new Budget(
    'budget',
    {
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      limitAmount: String(cfg.monthlyBudgetUsd),
      limitUnit: 'USD',
      costFilters: [{ name: 'TagKeyValue', values: [`user:DeploymentId$${ctx.deploymentId}`] }],
      notifications:
        alertEmail === undefined
          ? []
          : ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
              notificationType,
              comparisonOperator: 'GREATER_THAN',
              threshold: 100,
              thresholdType: 'PERCENTAGE',
              subscriberEmailAddresses: [alertEmail],
            })),
      tags: tags(ctx, 'budget'),
    },
    opts(ctx),
  );
}

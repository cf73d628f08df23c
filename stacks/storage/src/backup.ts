import { Plan, Selection, Vault } from '@pulumi/aws/backup/index.js';
import { Role, RolePolicyAttachment } from '@pulumi/aws/iam/index.js';
import { assumeRole, type Context, opts, type StorageConfig, tags } from '../../shared/index.js';

export interface Backup {
  readonly vault: Vault;
  readonly plan: Plan;
}

/** Every day at 05:00 UTC. */
const SCHEDULE = 'cron(0 5 * * ? *)';

/** A vault, a daily plan and what it takes; undefined when off. */
export function createBackup(ctx: Context, cfg: StorageConfig): Backup | undefined {
  if (!cfg.enableBackup) return undefined;
  const vault = new Vault(
    'backup-vault',
    {
      kmsKeyArn: cfg.databaseKeyArn,
      forceDestroy: ctx.environment === 'dev',
      tags: tags(ctx, 'backup-vault'),
    },
    opts(ctx, { stateful: true }),
  );
  const plan = new Plan(
    'backup-plan',
    {
      rules: [
        {
          ruleName: 'daily',
          targetVaultName: vault.name,
          schedule: SCHEDULE,
          lifecycle: { deleteAfter: cfg.backupRetentionDays, coldStorageAfter: cfg.backupColdStorageDays },
        },
      ],
      tags: tags(ctx, 'backup-plan'),
    },
    opts(ctx),
  );

  const role = new Role(
    'backup-role',
    { assumeRolePolicy: assumeRole(ctx, 'backup.amazonaws.com'), tags: tags(ctx, 'backup-role') },
    opts(ctx),
  );
  const attachments = Object.entries({ backup: 'ForBackup', restore: 'ForRestores' }).map(
    ([suffix, policy]) =>
      new RolePolicyAttachment(
        `backup-role-${suffix}`,
        {
          role: role.name,
          policyArn: `arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicy${policy}`,
        },
        opts(ctx),
      ),
  );
  new Selection(
    'backup-selection',
    {
      planId: plan.id,
      iamRoleArn: role.arn,
      resources: ['*'],
      // The tag alone would also take what other deployments of the account have (stacks.md N5).
      conditions: [
        {
          stringEquals: [
            { key: 'aws:ResourceTag/Backup', value: 'Required' },
            { key: 'aws:ResourceTag/DeploymentId', value: ctx.deploymentId },
            { key: 'aws:ResourceTag/Environment', value: ctx.environment },
          ],
        },
      ],
    },
    opts(ctx, { dependsOn: attachments }),
  );
  return { vault, plan };
}

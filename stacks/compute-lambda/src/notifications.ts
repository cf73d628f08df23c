import type { Topic } from '@pulumi/aws/sns/index.js';
import { type Context, type LambdaConfig, topic } from '../../shared/index.js';

/** Where functions and the pipeline say what they have done. */
export function createNotifications(ctx: Context, cfg: LambdaConfig): Topic {
  return topic(ctx, 'notifications', cfg.infrastructureKeyArn);
}

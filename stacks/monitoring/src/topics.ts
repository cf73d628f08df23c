import { type Topic, TopicSubscription } from '@pulumi/aws/sns/index.js';
import { type Context, type MonitoringConfig, opts, serviceTopic } from '../../shared/index.js';

export interface AlertTopics {
  readonly alerts: Topic;
  /** What somebody must look at now. */
  readonly critical: Topic;
}

/** Two topics that CloudWatch of this account alone may publish to; each e-mail subscription must be confirmed by hand. */
export function createTopics(ctx: Context, cfg: MonitoringConfig): AlertTopics {
  const create = (severity: keyof AlertTopics): Topic => {
    const topic = serviceTopic(ctx, severity, cfg.infrastructureKeyArn, ['cloudwatch.amazonaws.com']);
    if (cfg.alertEmail !== undefined) {
      new TopicSubscription(
        `${severity}-email`,
        { topic: topic.arn, protocol: 'email', endpoint: cfg.alertEmail },
        opts(ctx),
      );
    }
    return topic;
  };
  return { alerts: create('alerts'), critical: create('critical') };
}

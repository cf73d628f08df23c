import { Topic, TopicPolicy } from '@pulumi/aws/sns/index.js';
import type * as pulumi from '@pulumi/pulumi';
import { topicPolicy } from './policies.js';
import type { Context } from './types.js';
import { name, NAME_LIMITS, opts, tags } from './utils.js';

/** Topic `<component>-topic`, encrypted with the given key. Without a policy of its own only this account may publish. */
export function topic(ctx: Context, component: string, kmsKeyArn: pulumi.Input<string>): Topic {
  return new Topic(
    `${component}-topic`,
    {
      name: name(ctx, component, NAME_LIMITS.sns),
      kmsMasterKeyId: kmsKeyArn,
      tags: tags(ctx, `${component}-topic`),
    },
    opts(ctx),
  );
}

/** A topic and the policy that admits AWS services of this account, e.g. `cloudwatch.amazonaws.com`, and nobody else. */
export function serviceTopic(
  ctx: Context,
  component: string,
  kmsKeyArn: pulumi.Input<string>,
  publishers: readonly string[],
): Topic {
  const created = topic(ctx, component, kmsKeyArn);
  new TopicPolicy(
    `${component}-topic-policy`,
    { arn: created.arn, policy: topicPolicy(ctx, created.arn, publishers) },
    opts(ctx),
  );
  return created;
}

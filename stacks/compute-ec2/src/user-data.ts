import type { Context, Ec2Config, Ec2TierSpec } from '../../shared/index.js';

/** A value as one word of the shell. */
const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

/**
 * First start of an instance, base64 (EC2-2): tells the machine who it is, sends its logs to the tier's group, then runs the
 * deployment's own script. Every failing command ends it, and cloud-init reports the instance as failed. It holds no secret: what an
 * application needs it reads with the role of its tier.
 */
export function userData(ctx: Context, cfg: Ec2Config, tier: Ec2TierSpec, logGroupName: string): string {
  const bucket = cfg.artifactsBucketArn?.split(':').pop();
  const facts: Record<string, string> = {
    APP_ENV: ctx.environment,
    AWS_REGION: ctx.region,
    DEPLOYMENT_ID: ctx.deploymentId,
    TIER: tier.name,
    ...(tier.name === 'web' ? { PORT: String(cfg.webPort) } : {}),
    ...(bucket ? { ARTIFACTS_BUCKET: bucket } : {}),
  };
  const script = `#!/bin/bash
set -euo pipefail

install -d -m 0755 /etc/cloud
cat > /etc/cloud/instance.env <<'FACTS'
${Object.entries(facts)
  .map(([key, value]) => `${key}=${quoted(value)}`)
  .join('\n')}
FACTS
set -a
. /etc/cloud/instance.env
set +a

dnf install -y amazon-cloudwatch-agent
cat > /opt/aws/amazon-cloudwatch-agent/etc/cloud.json <<'AGENT'
{
  "metrics": {
    "append_dimensions": { "AutoScalingGroupName": "\${aws:AutoScalingGroupName}" },
    "metrics_collected": {
      "disk": { "measurement": ["used_percent"], "resources": ["/"] },
      "mem": { "measurement": ["mem_used_percent"] }
    }
  },
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          {
            "file_path": "/var/log/cloud-init-output.log",
            "log_group_name": "${logGroupName}",
            "log_stream_name": "{instance_id}/start"
          },
          {
            "file_path": "/var/log/app/*.log",
            "log_group_name": "${logGroupName}",
            "log_stream_name": "{instance_id}/app"
          }
        ]
      }
    }
  }
}
AGENT
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \\
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/cloud.json
${cfg.bootstrapScript ? `\n${cfg.bootstrapScript.trimEnd()}\n` : ''}`;
  return Buffer.from(script).toString('base64');
}

import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { isInside } from '../../../shared/http/public-address.js';
import { SecretBox } from '../../../shared/kernel/secret-box.js';
import { targetProblem, type WebhookTarget } from './webhook.js';

/** Which addresses a run may report to, and how they are kept. */
@Injectable()
export class WebhookTargets {
  constructor(
    private readonly config: Config,
    private readonly secrets: SecretBox,
  ) {}

  /** @throws AppError `VALIDATION_INVALID_FORMAT` (400) for what is not https, or not public */
  accept(webhookUrl: string): WebhookTarget {
    const { allowPrivate } = this.config.webhooks;
    const problem = targetProblem(webhookUrl, allowPrivate, (host) => isIP(host) !== 0 && isInside(host));
    if (problem !== null) throw invalidField('webhookUrl', 'format', `webhookUrl ${problem}`);
    return { sealed: this.secrets.seal(webhookUrl), host: new URL(webhookUrl).host };
  }

  open({ sealed }: WebhookTarget): string {
    return this.secrets.open(sealed);
  }
}

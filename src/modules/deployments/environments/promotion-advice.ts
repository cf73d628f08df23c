import type { EnvironmentName } from '../../../shared/http/principal.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Notice } from './notice.js';
import { type DeployedContent, mergedValues, type Promoted } from './promoted-config.js';

/** A promotion that is worked out. */
export interface PromotionStep {
  readonly from: EnvironmentName;
  readonly to: EnvironmentName;
  /** What stands in `from`, and the manifest revision it was deployed from. */
  readonly proven: DeployedContent;
  readonly sourceRevision: number;
  /** The manifest is at. */
  readonly revision: number;
  readonly result: Promoted;
}

/** What to look at before it runs: an edited manifest, equal networks, zones of another region. */
export function promotionAdvice(step: PromotionStep, stackTemplates: StackTemplates): Notice[] {
  const { from, to, proven, sourceRevision, revision, result } = step;
  const found: Notice[] = [];
  const say = (code: string, message: string, details: Notice['details']): void => {
    found.push({ code, severity: 'LOW', message, details });
  };
  if (sourceRevision !== revision) {
    say(
      'REVISION_DIFFERS',
      `${from} was deployed from revision ${sourceRevision}, the manifest is at ${revision}; what was proven is promoted`,
      { sourceRevision, revision, stacksEditedSince: Object.keys(result.overrides) },
    );
  }
  const region = result.manifest.spec.environments[to]?.region ?? '';
  const after = { manifest: result.manifest, overrides: result.overrides };
  for (const stack of result.stacks) {
    const there = mergedValues(proven, from, stack, stackTemplates);
    const here = mergedValues(after, to, stack, stackTemplates);
    const cidr = here['vpcCidr'];
    if (typeof cidr === 'string' && cidr === there['vpcCidr']) {
      say('SAME_CIDR', `${from} and ${to} have the same vpcCidr ${cidr}`, { cidr, stack });
    }
    const zones = zonesIn(here).filter((zone) => !zone.startsWith(region));
    if (zones.length > 0) {
      say('ZONE_OF_OTHER_REGION', `${stack} names ${zones.join(', ')}, ${to} is in ${region}`, {
        stack,
        zones,
        region,
      });
    }
  }
  return found;
}

/** Names of availability zones among the values, e.g. `us-east-1a`. */
function zonesIn(value: unknown): string[] {
  if (typeof value === 'string') return /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(value) ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  return [...new Set(Object.values(value).flatMap(zonesIn))].sort();
}

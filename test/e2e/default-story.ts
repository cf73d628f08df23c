import { defaultCounts, DEFAULT_COUNTS, TOTALS } from '../../stacks/testing/resource-counts.js';
import { TestApp, type Answer, type Body } from './app.harness.js';

export type Environment = 'dev' | 'stage' | 'prod';

export const STACKS = Object.keys(DEFAULT_COUNTS).sort();
export const ACCOUNTS: Readonly<Record<Environment, string>> = {
  dev: '111111111111',
  stage: '222222222222',
  prod: '333333333333',
};

export interface SandboxResource {
  readonly id: string;
  readonly arn: string;
  readonly type: string;
  readonly urn: string;
  readonly region: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** One deployment of the `default` template: 16 stacks, an account for each environment. */
export class DefaultStory {
  private constructor(
    readonly test: TestApp,
    readonly id: string,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}, more: object = {}): Promise<DefaultStory> {
    const test = await TestApp.start(settings);
    const made = await test.post('/api/v1/deployments', {
      organization: 'demo',
      project: 'Web Shop',
      domain: 'shop.example.com',
      template: 'default',
      accounts: ACCOUNTS,
      ...more,
    });
    if (made.status !== 201) throw new Error(`not initialised: ${JSON.stringify(made.body)}`);
    return new DefaultStory(test, String(made.body.data['deploymentId']));
  }

  /** @param path under the deployment */
  post = (path: string, body: object = {}): Promise<Answer> =>
    this.test.post(`/api/v1/deployments/${this.id}/${path}`, body);

  /** Starts an operation, which must be accepted, and waits for its end. */
  async run(
    path: string,
    environment: Environment,
    body: object = {},
  ): Promise<{ start: Body['data']; end: Body['data'] }> {
    const confirm = environment === 'prod' ? { confirm: this.id } : {};
    const started = await this.post(path, { environment, ...confirm, ...body });
    if (started.status !== 202) throw new Error(`${path}: ${started.status} ${JSON.stringify(started.body)}`);
    return { start: started.body.data, end: await this.test.ended(this.id, String(started.body.data['operationId'])) };
  }

  async edit(stacks: Readonly<Record<string, object>>): Promise<void> {
    const changed = Object.entries(stacks).map(([stack, config]) => [stack, { config }]);
    const answer = await this.test.put(`/api/v1/deployments/${this.id}`, { stacks: Object.fromEntries(changed) });
    if (answer.status !== 200) throw new Error(`not changed: ${JSON.stringify(answer.body)}`);
  }

  /** Everything in the account, of every region. */
  async account(environment: Environment): Promise<SandboxResource[]> {
    const all: SandboxResource[] = [];
    for (let page = 1; ; page++) {
      const path = `/api/v1/sandbox/accounts/${ACCOUNTS[environment]}/resources?limit=100&page=${page}`;
      const { resources, pagination } = (await this.test.get(path)).body.data as unknown as {
        resources: SandboxResource[];
        pagination: { total: number };
      };
      all.push(...resources);
      if (all.length >= pagination.total) return all;
    }
  }

  /** Stack → type → number of resources in the account. */
  async counts(environment: Environment): Promise<Record<string, Record<string, number>>> {
    const counts: Record<string, Record<string, number>> = {};
    for (const { urn, type } of await this.account(environment)) {
      const stack = STACKS.find((name) => urn.includes(`-${name}-${environment}::`)) ?? urn;
      const own = (counts[stack] ??= {});
      own[type] = (own[type] ?? 0) + 1;
    }
    return counts;
  }

  /** Stack → resources as the deployment tells it, those of every provider. */
  async recorded(environment: Environment): Promise<Record<string, number>> {
    const { stacks } = (await this.test.get(`/api/v1/deployments/${this.id}`)).body.data as unknown as {
      stacks: { name: string; environments: Record<Environment, { resourceCount: number }> }[];
    };
    return Object.fromEntries(stacks.map(({ name, environments }) => [name, environments[environment].resourceCount]));
  }
}

/** prod is in the secondary region, where health checks have no metric (stacks.md 11, note): two alarms fewer. */
const MISSING_ALARMS = 2;
const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';

/** What `counts` must be after a deployment: the table without what lives in the state alone. */
export function expectedCounts(environment: Environment): Record<string, Record<string, number>> {
  const counts = Object.fromEntries(
    STACKS.map((stack): [string, Record<string, number>] => [
      stack,
      Object.fromEntries(Object.entries(defaultCounts(stack, environment)).filter(([type]) => type.startsWith('aws:'))),
    ]),
  );
  const alarms = counts['monitoring']?.[ALARM] ?? 0;
  return environment === 'prod'
    ? { ...counts, monitoring: { ...counts['monitoring'], [ALARM]: alarms - MISSING_ALARMS } }
    : counts;
}

/** What `recorded` must be after a deployment. */
export function expectedTotals(environment: Environment): Record<string, number> {
  const column = ['dev', 'stage', 'prod'].indexOf(environment);
  const missing = (stack: string): number => (environment === 'prod' && stack === 'monitoring' ? MISSING_ALARMS : 0);
  return Object.fromEntries(
    STACKS.map((stack) => [stack, (TOTALS['default']?.[stack]?.[column] ?? 0) - missing(stack)]),
  );
}

export function names(list: unknown): string[] {
  return (list as { name: string }[]).map(({ name }) => name).sort();
}

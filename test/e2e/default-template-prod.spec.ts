import { DefaultStory, expectedCounts, expectedTotals, names, STACKS } from './default-story.js';

// Sixteen programs in three runs: minutes where others want the cores too.
jest.setTimeout(900_000);

/** Have something of the stateful set (stacks.md L1). */
const PROTECTED = ['authentication', 'containers-images', 'database-rds', 'dns', 'security', 'services-ecr', 'storage'];

describe('the default template in prod', () => {
  let story: DefaultStory;
  beforeAll(async () => {
    story = await DefaultStory.start();
  });
  afterAll(() => story.test.stop());

  it('is deployed only after the environment is enabled and the deployment confirmed', async () => {
    const disabled = await story.post('deploy', { environment: 'prod', confirm: true });
    expect(disabled).toMatchObject({ status: 422, body: { code: 'ENVIRONMENT_DISABLED' } });
    const enabled = await story.post('environments/prod/enable', { confirm: true });
    expect(enabled.status).toBe(200);
    const refused = await story.post('deploy', { environment: 'prod' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'CONFIRMATION_REQUIRED' } });

    const { end } = await story.run('deploy', 'prod');
    expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(names(end['completedStacks'])).toEqual(STACKS);
    expect(await story.counts('prod')).toEqual(expectedCounts('prod'));
    expect(await story.recorded('prod')).toEqual(expectedTotals('prod'));
  });

  it('is skipped whole when nothing has changed', async () => {
    const { end } = await story.run('deploy', 'prod');
    expect(names(end['skippedStacks'])).toEqual(STACKS);
  });

  it('is destroyed by one operation that lifts the protection first', async () => {
    const refused = await story.post('destroy', { environment: 'prod', confirm: true });
    expect(refused).toMatchObject({ status: 422, body: { details: { expected: story.id } } });
    const { start, end } = await story.run('destroy', 'prod');
    expect([...(start['liftProtection'] as string[])].sort()).toEqual(expect.arrayContaining(PROTECTED));
    expect(end).toMatchObject({ status: 'success', phase: 'destroyed', error: null });
    expect(await story.account('prod')).toEqual([]);
  });
});

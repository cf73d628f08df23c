import { DefaultStory, expectedCounts, expectedTotals, names, STACKS } from './default-story.js';

// Sixteen programs in two runs: minutes where others want the cores too.
jest.setTimeout(900_000);

describe('the default template in stage', () => {
  let story: DefaultStory;
  beforeAll(async () => {
    story = await DefaultStory.start();
  });
  afterAll(() => story.test.stop());

  it('is deployed only after the environment is enabled', async () => {
    const refused = await story.post('deploy', { environment: 'stage' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'ENVIRONMENT_DISABLED' } });
    const enabled = await story.post('environments/stage/enable');
    expect(enabled.status).toBe(200);

    const { start, end } = await story.run('deploy', 'stage');
    expect(names(start['stacksToDeploy'])).toEqual(STACKS);
    expect(end).toMatchObject({ status: 'success', phase: 'deployed', error: null });
    expect(await story.counts('stage')).toEqual(expectedCounts('stage'));
    expect(await story.recorded('stage')).toEqual(expectedTotals('stage'));
    expect(await story.account('dev')).toEqual([]);
  });

  it('is skipped whole when nothing has changed', async () => {
    const { end } = await story.run('deploy', 'stage');
    expect(names(end['skippedStacks'])).toEqual(STACKS);
  });

  it('is destroyed after a confirmation', async () => {
    const refused = await story.post('destroy', { environment: 'stage' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'CONFIRMATION_REQUIRED' } });
    const { end } = await story.run('destroy', 'stage', { confirm: true });
    expect(end).toMatchObject({ status: 'success', phase: 'destroyed', error: null });
    expect(await story.account('stage')).toEqual([]);
  });
});

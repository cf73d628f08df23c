import { judge, median, percentile, table } from './report.js';

const aMeasurement = (figures: Record<string, number>): Parameters<typeof judge>[0] => ({
  bench: 'x',
  conditions: { cores: 2 },
  figures,
  goals: { ms: { atMost: 10 }, ofBare: { atLeast: 0.75 } },
});

describe('a bench report', () => {
  it.each([
    ['both goals reached, exactly', { ms: 10, ofBare: 0.75 }, true],
    ['one above', { ms: 10.1, ofBare: 0.8 }, false],
    ['one below', { ms: 1, ofBare: 0.7 }, false],
    ['a figure missing', { ms: 1 }, false],
    ['a figure that is no number', { ms: Number.NaN, ofBare: 1 }, false],
  ])('%s', (_what, figures, met) => {
    expect(judge(aMeasurement(figures as unknown as Record<string, number>)).met).toBe(met);
  });

  it('shows figures with their goals', () => {
    expect(table(judge(aMeasurement({ ms: 12, ofBare: 0.8, rps: 5 })))).toBe(
      [
        'x (cores 2)',
        '  ms                12  goal at most 10: MISSED',
        '  ofBare           0.8  goal at least 0.75: met',
        '  rps                5',
      ].join('\n'),
    );
  });

  it('takes percentiles by nearest rank', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 95)).toBe(10);
  });
});

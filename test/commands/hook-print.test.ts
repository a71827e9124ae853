import t from 'tap';
import { meaning, printTest, progressLine } from '../../src/commands/hook-print.ts';
import type { TestResult } from '../../src/hooks/offline/job.ts';

const plain = (_: unknown, text: string): string => text;

const result: TestResult = {
  clip: 'clip.mp4',
  hook: 'x.ts',
  frames: { in: 50, out: 48, dropped: 2, answered: 49, errors: 0 },
  events: {},
  seconds: 0.5,
};

t.test('progress: how far, how fast, how long still', async (t) => {
  const line = { type: 'progress', frames: 100, seconds: 4 } as const;
  t.equal(progressLine({ ...line, of: { frames: 400 } }, 2), '100 of 400 frames, 50 fps, 6s left');
  t.equal(progressLine({ ...line, of: { seconds: 8 } }, 2), '100 frames, 50 fps, 2s left');
  t.equal(progressLine({ ...line, of: {} }, 2), '100 frames, 50 fps');
  t.equal(progressLine({ ...line, frames: 0, of: { frames: 400 } }, 2), '0 of 400 frames, 0 fps');
});

t.test('what a speed means', async (t) => {
  t.equal(meaning(103, 25), 'a stream of 25 fps fits 4.1 times');
  t.equal(meaning(30, 25), 'a stream of 25 fps fits 1.2 times, with little to spare');
  t.match(meaning(20, 29.97), /^too slow for a stream of 29\.97 fps; it would be shown every 2nd frame/);
  t.match(meaning(9, 25), /every 3rd frame/);
});

t.test('a test that is fine', async (t) => {
  t.equal(
    printTest({ ...result, events: { rare: 1, often: 7 }, output: 'clip.hooked.mp4' }, plain),
    [
      'frames  50 in, 48 out, 2 dropped; the hook answered for 49 (96 a second)',
      'events  7 often, 1 rare',
      'result  clip.hooked.mp4',
    ].join('\n'),
  );
});

t.test('a test that is not', async (t) => {
  const firstError = { sequence: 12, time: 0.48, message: 'thrown on purpose' };
  const first = [
    { sequence: 3, time: 0.12, what: ['the picture differs'], pictures: { actual: 'g/actual-3.png' } },
  ];
  const golden = {
    dir: 'g',
    frames: 50,
    updated: false,
    differing: 9,
    first,
    notes: ['made with another clip'],
  };
  const text = printTest({ ...result, frames: { ...result.frames, errors: 3 }, firstError, golden }, plain);
  t.match(text, 'errors  3, the first on frame 12 (0.480 s): thrown on purpose');
  t.match(text, 'golden  9 of 50 frames differ from g\n        made with another clip\n');
  t.match(
    text,
    '        frame 3 (0.120 s): the picture differs\n          now g/actual-3.png\n        and 8 more\n',
  );
});

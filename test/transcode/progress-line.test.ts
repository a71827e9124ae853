import t from 'tap';
import { clock, progressLine } from '../../src/transcode/progress-line.ts';

t.test('how far, how fast, how long', async (t) => {
  t.equal(
    progressLine({ frames: 135, fps: 250.4, speed: 10, outTime: 5.4 }, 10.8),
    '[############............]  50.0 %  135 frames  250 fps  10x  ETA 0:01',
  );
  t.match(progressLine({}, 10), /^\[\.{24}\] {2}0\.0 % {2}ETA -:--$/);
  t.match(progressLine({ outTime: 11, speed: 2 }, 10), /99\.9 %.*ETA 0:00/, 'never done before it is');
  t.match(progressLine({ outTime: -0.02, speed: 2 }, 10), / 0\.0 %/);
  t.equal(progressLine({ frames: 3, outTime: 65 }, undefined), '1:05 done  3 frames');
  t.equal(clock(3725), '1:02:05');
});

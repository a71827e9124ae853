import t from 'tap';
import type { VideoTrack } from '../../src/media.ts';
import { Bursts } from '../../src/observe/bursts.ts';
import { aac, h264 } from '../support/facts.ts';

const stream = new Map([['index', '0']]);

/** Key frames have a K in front of their size. */
const after = (...sizes: string[]): VideoTrack['burst'] => {
  const bursts = new Bursts();
  for (const size of sizes) {
    const flags = size.startsWith('K') ? 'K_' : '__';
    bursts.see(
      new Map([
        ['stream_index', '0'],
        ['size', size.replace('K', '')],
        ['flags', flags],
      ]),
    );
  }
  return (bursts.noted(stream, h264) as VideoTrack).burst;
};

t.test('large pictures among tiny ones', async (t) => {
  t.equal(after('K140000', '31', '32'), true);
  t.equal(after('31', '61000', 'K500', '32'), true, 'large without being a key frame');
  t.equal(after('K140000', '3100', '3200'), undefined, 'none is tiny');
  t.equal(after('K14000', '31', '32'), undefined, 'none is large');
  t.equal(after('31', '32'), true, 'no key frame was seen: it may be large');
  t.equal(after('K140000', 'N/A'), undefined, 'of unknown size');
  t.equal(after(), undefined);
  const bursts = new Bursts();
  bursts.see(new Map([['stream_index', '0']]));
  bursts.see(
    new Map([
      ['stream_index', '0'],
      ['size', '300'],
    ]),
  );
  t.same(bursts.noted(stream, aac), aac, 'sound is always small');
  t.same(bursts.noted(new Map([['index', '1']]), h264), h264, 'another stream');
});

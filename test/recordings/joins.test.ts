import t from 'tap';
import type { SegmentEntry } from '../../src/record/types.ts';
import { checkJoins } from '../../src/recordings/joins.ts';

const START = 1_795_284_500;

/** Ten seconds of a run, named by a clock that is so far off. */
function segment(seq: number, at: number, by: number, run = 'run'): SegmentEntry {
  return {
    ...{ type: 'segment', path: `${seq}.mp4`, seq, from: START + at + by, to: START + at + by + 10, run },
    ...{ dts: at, endDts: at + 10, firstPts: at, lastPts: at + 9, timescale: 1 },
    ...{ frames: 250, bytes: 1, complete: true },
  };
}

t.test('a publisher that was away while the clock was set', (t) => {
  for (const run of ['run', 'next']) {
    for (const by of [-3600, 3600]) {
      const pieces = [{ entry: segment(0, 0, 0) }, { entry: segment(1, 30, by, run) }];
      const gap = { type: 'gap', from: START + by + 10, to: START + by + 30, cause: 'publisher' } as const;
      const gaps = [{ ...gap, reason: 'it was away; the clock was set meanwhile' }];
      t.same(checkJoins(pieces, gaps, [{ type: 'clock', at: START + by + 15, step: by, seq: 1 }]), []);
      t.not(checkJoins(pieces, gaps, []).length, 0, 'without the word of it that is not so');
    }
  }
  t.end();
});

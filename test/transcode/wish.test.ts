/** What may be asked of a transcode: anything that is no name, number or size stays out. */
import t from 'tap';
import { readWish, type Typed } from '../../src/transcode/wish.ts';

const typed = (more: Partial<Typed> = {}): Typed => ({ video: 'h264', audio: 'auto', ...more });

t.test('what is typed is read', async (t) => {
  t.same(readWish(typed()), { video: 'h264', audio: 'auto' });
  t.same(
    readWish(
      typed({
        size: '640x360',
        fps: '30000/1001',
        bitrate: '2M',
        preset: 'slow',
        start: '1m',
        duration: '500ms',
      }),
    ),
    {
      ...{ video: 'h264', audio: 'auto', size: { width: 640, height: 360 }, fps: '30000/1001' },
      ...{ bitrate: 2_000_000, preset: 'slow', start: 60, duration: 0.5 },
    },
  );
  t.equal(readWish(typed({ quality: 0 })).quality, 0);
});

t.test('what makes no sense is refused', async (t) => {
  const cases: [Partial<Typed>, RegExp][] = [
    [{ video: 'none', audio: 'none' }, /leave nothing/],
    [{ video: 'copy', size: '640x360' }, /--size needs an encoder/],
    [{ video: 'none', fps: '25' }, /--fps needs an encoder/],
    [{ quality: 20, bitrate: '2M' }, /exclude each other/],
    [{ quality: 52 }, /from 0 \(best\) to 51/],
    [{ quality: 0.5 }, /whole number/],
    [{ quality: Number.NaN }, /whole number/],
    [{ video: 'mpeg4', quality: 0 }, /from 1 \(best\) to 31/],
    [{ video: 'vp9', preset: 'slow' }, /--preset goes with h264/],
    [{ size: '641x360' }, /--size: .*even/],
    [{ size: '1280x720,drawtext=x' }, /--size: expected a size/],
    [{ fps: '0' }, /--fps/],
    [{ fps: '25/0' }, /--fps/],
    [{ fps: '-1' }, /--fps/],
    [{ fps: '25,movie=x' }, /--fps/],
    [{ bitrate: '2' }, /--bitrate: expected a bit rate/],
    [{ start: '-5s' }, /--start: expected a duration/],
    [{ duration: '0s' }, /--duration: must be between/],
  ];
  for (const [more, message] of cases) {
    t.throws(() => readWish(typed(more)), { code: 'RELAY_USAGE', message }, JSON.stringify(more));
  }
});

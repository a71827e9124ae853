import t from 'tap';
import { filler, TinyPictures } from '../../../src/hooks/libav/tiny.ts';

t.test('tiny pictures lack bytes from a large one on, until one is not tiny', (t) => {
  const pictures = new TinyPictures();
  const sizes = [30, 60_000, 30, 66_000, 30, 199, 66_000, 200, 30, 70_000, 70_000, 12];
  t.same(
    sizes.map((size) => pictures.lacks(size)),
    [0, 0, 0, 0, 370, 201, 0, 0, 0, 0, 0, 388],
  );
  t.end();
});

t.test('filler data as the standards have it', (t) => {
  t.same([...filler('h264', 8)], [0, 0, 0, 1, 12, 255, 255, 128]);
  t.same([...filler('hevc', 9)], [0, 0, 0, 1, 76, 1, 255, 255, 128]);
  t.equal(filler('h264', 370).length, 370);
  t.equal(filler('h264', 370).indexOf(Buffer.from([0, 0, 1]), 4), -1, 'one unit');
  t.end();
});

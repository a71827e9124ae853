import t from 'tap';
import { box, fullBox, u32, u64 } from '../../../src/record/mp4/boxes.ts';
import { parseFragment } from '../../../src/record/mp4/fragment.ts';
import { frame, keyFrame, part, SOUND, sound, VIDEO } from './ring-files.ts';

const none = new Map();

t.test('a part of the server', async (t) => {
  const pictures = [keyFrame(1), { ...frame(2), shift: -3600 }];
  const sounds = [sound(3), sound(4)];
  const bytes = part({
    [VIDEO]: { at: 1679, packets: pictures },
    [SOUND]: { at: 2 ** 33, packets: sounds },
  });
  const moof = bytes.subarray(0, bytes.readUInt32BE(0));
  const found = parseFragment(moof, 1000, none)!;
  t.strictSame(
    found.map((fragment) => [fragment.track, fragment.base]),
    [
      [VIDEO, 1679],
      [SOUND, 2 ** 33],
    ],
  );
  const [video, audio] = found.map((fragment) => fragment.samples);
  t.match(video, [
    { duration: 3600, shift: 0, key: true },
    { duration: 3600, shift: -3600, key: false },
  ]);
  for (const [index, sample] of [...video!, ...audio!].entries()) {
    const { offset, size } = sample;
    t.strictSame(bytes.subarray(offset - 1000, offset - 1000 + size), [...pictures, ...sounds][index]!.bytes);
  }
});

t.test('what is left out comes from the fragment, then from the header of the file', async (t) => {
  const trun = fullBox('trun', 0, 0x5, u32(3, 500, 0x2000000));
  const tfdt = fullBox('tfdt', 0, 0, u32(77));
  const byHeader = box('moof', box('traf', fullBox('tfhd', 0, 0x20000, u32(1)), tfdt, trun));
  const defaults = new Map([[1, { duration: 512, size: 10, flags: 0x10000 }]]);
  t.strictSame(parseFragment(byHeader, 100, defaults), [
    {
      track: 1,
      base: 77,
      samples: [
        { offset: 600, size: 10, duration: 512, shift: 0, key: true },
        { offset: 610, size: 10, duration: 512, shift: 0, key: false },
        { offset: 620, size: 10, duration: 512, shift: 0, key: false },
      ],
    },
  ]);
  const own = fullBox('tfhd', 0, 0x39, u32(1), u64(9000), u32(20, 30, 0));
  const byFragment = parseFragment(box('moof', box('traf', own, trun)), 100, defaults)!;
  t.equal(byFragment[0]!.base, undefined);
  t.match(byFragment[0]!.samples[2], { offset: 9560, size: 30, duration: 20, key: true });
});

t.test('without offsets, data follow each other', async (t) => {
  const traf = (id: number) =>
    box('traf', fullBox('tfhd', 0, 0x10, u32(id, 8)), ...[1, 2].map((n) => fullBox('trun', 0, 0, u32(n))));
  const found = parseFragment(box('moof', traf(1), traf(2)), 40, none)!;
  t.strictSame(
    found.flatMap((fragment) => fragment.samples.map((sample) => sample.offset)),
    [40, 48, 56, 64, 72, 80],
  );
});

t.test('contradictions', async (t) => {
  const moof = (...inner: Buffer[]) => box('moof', box('traf', ...inner));
  const tfhd = fullBox('tfhd', 0, 0x20000, u32(1));
  t.equal(parseFragment(moof(fullBox('trun', 0, 0, u32(1))), 0, none), undefined, 'no track');
  t.equal(parseFragment(moof(fullBox('tfhd', 0, 0x8, u32(1))), 0, none), undefined, 'too short');
  t.equal(parseFragment(moof(tfhd, fullBox('trun', 0, 0x200, u32(3, 1, 1))), 0, none), undefined, 'too few');
  t.equal(parseFragment(moof(tfhd, fullBox('trun', 0, 0, u32(0xffffffff))), 0, none), undefined, 'too many');
  t.equal(parseFragment(Buffer.from('no box at all'), 0, none), undefined);
});

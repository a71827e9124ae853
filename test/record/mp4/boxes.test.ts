import t from 'tap';
import { box, boxes, boxHeader, find, u32, u64, whole } from '../../../src/record/mp4/boxes.ts';

t.test('boxes side by side and one inside the other', async (t) => {
  const bytes = Buffer.concat([box('free'), box('moov', box('mvhd', u32(7)), box('udta'))]);
  t.strictSame(
    [...boxes(bytes)].map((found) => [found.type, found.body, found.end]),
    [
      ['free', 8, 8],
      ['moov', 16, bytes.length],
    ],
  );
  const mvhd = find(bytes, whole(bytes), 'moov', 'mvhd');
  t.equal(bytes.readUInt32BE(mvhd?.body ?? 0), 7);
  t.equal(find(bytes, whole(bytes), 'moov', 'trak'), undefined);
});

t.test('sizes of 64 bits, and 0 for all that is left', async (t) => {
  const long = Buffer.concat([u32(1), Buffer.from('mdat'), u64(20), Buffer.from('abcd')]);
  const rest = Buffer.concat([u32(0), Buffer.from('mdat'), Buffer.from('xyz')]);
  t.strictSame(
    [...boxes(Buffer.concat([long, rest]))],
    [
      { type: 'mdat', start: 0, body: 16, end: 20 },
      { type: 'mdat', start: 20, body: 28, end: 31 },
    ],
  );
  t.strictSame(boxHeader(long, 0), { type: 'mdat', header: 16, size: 20 });
});

t.test('a size that can’t be ends the walk', async (t) => {
  const good = box('free', Buffer.alloc(4));
  const bad = [
    Buffer.concat([u32(7), Buffer.from('tiny')]),
    Buffer.concat([u32(100), Buffer.from('long')]),
    Buffer.concat([u32(1), Buffer.from('huge'), u64(2n ** 60n)]),
    Buffer.concat([u32(1), Buffer.from('cut!')]),
    Buffer.from('half'),
  ];
  for (const tail of bad) t.equal([...boxes(Buffer.concat([good, tail]))].length, 1);
  t.equal(boxHeader(bad[0]!, 0), undefined);
  t.equal(boxHeader(bad[2]!, 0), undefined);
  t.equal(boxHeader(good, -1), undefined);
});

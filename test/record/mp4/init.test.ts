import t from 'tap';
import { defaultsOf, durationPlace, parseInit } from '../../../src/record/mp4/init.ts';
import { avcC, header } from './ring-files.ts';

t.test('tracks, and where the file stands in its run', async (t) => {
  const bytes = header({
    run: '0b'.repeat(16),
    number: 3,
    dts: 4_329_083_333n,
    ntp: 1_795_284_543_867_672_200n,
  });
  const init = parseInit(Buffer.concat([bytes, Buffer.from('what follows')]));
  t.match(init, { run: '0b'.repeat(16), number: 3, dts: 4_329_083_333n, ntp: 1_795_284_543_867_672_200n });
  t.strictSame(init?.tracks, [
    { id: 1, kind: 'video', timescale: 90_000, codec: 'avc1', width: 1280, height: 720, config: avcC() },
    { id: 2, kind: 'audio', timescale: 48_000, codec: 'mp4a', config: Buffer.of(0, 0, 0, 0, 3, 1, 2) },
  ]);
  t.strictSame(Buffer.concat([init!.ftyp, init!.moov]), bytes);
});

t.test('a run may begin before 0', async (t) => {
  t.equal(parseInit(header({ dts: -80_000_000n }))?.dts, -80_000_000n);
});

t.test('a file of somebody else is a run of its own', async (t) => {
  t.match(parseInit(header({ mtxi: false })), { run: '', number: 0, dts: 0n, ntp: 0n });
});

t.test('half a header is none', async (t) => {
  const bytes = header();
  for (let length = 0; length < bytes.length; length++)
    if (parseInit(bytes.subarray(0, length)) !== undefined) t.fail(`${length} of ${bytes.length} bytes`);
  t.ok(parseInit(bytes));
});

t.test('any damaged byte is survived', async (t) => {
  const bytes = header();
  let most = 0;
  for (let at = 0; at < bytes.length; at++)
    for (const value of [0, 0x7f, 0xff]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      const init = parseInit(damaged);
      if (init !== undefined) most = Math.max(most, init.tracks.length, defaultsOf(init.moov).size);
    }
  t.equal(most, 2);
});

t.test('where the duration stands, and the defaults', async (t) => {
  const { moov } = parseInit(header({ duration: 4018 }))!;
  const place = durationPlace(moov)!;
  t.strictSame([place.bytes, moov.readUInt32BE(place.at)], [4, 4018]);
  t.strictSame([...defaultsOf(moov).keys()], [1, 2]);
});

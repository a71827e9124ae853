import { appendFile, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { digestOfConfig } from '../../../src/record/mp4/parameters.ts';
import { RingFile } from '../../../src/record/mp4/reader.ts';
import { Timeline } from '../../../src/record/mp4/timeline.ts';
import type { Sample } from '../../../src/record/types.ts';
import { halfSecond, header, keyFrame, of, part, SOUND, sound, VIDEO } from './ring-files.ts';

async function readAll(path: string, timeline = new Timeline()): Promise<Sample[]> {
  const file = new RingFile(path);
  await file.begin();
  const { samples } = await file.read(timeline);
  await file.close();
  return samples;
}

t.test('a growing file: what is whole comes, once', async (t) => {
  const path = join(t.testdir(), '1-000000.mp4');
  const bytes = Buffer.concat([
    header({ dts: 10_000_000_000n }),
    halfSecond(0),
    halfSecond(1),
    halfSecond(2),
  ]);
  const ends = [0, 1, 2].map((n) => header().length + halfSecond(0).length * (n + 1));
  const file = new RingFile(path);
  const timeline = new Timeline();
  const found: Sample[] = [];
  await writeFile(path, '');
  // In pieces that end anywhere: within headers, within the description of a part, and just before a last byte.
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(at + 977, bytes.length, ...ends.flatMap((e) => [e - 1, e]).filter((e) => e > at));
    await appendFile(path, bytes.subarray(at, next));
    at = next;
    await file.begin();
    const { samples, closed, whole } = await file.read(timeline);
    found.push(...samples);
    t.notOk(closed);
    t.equal(found.length, ends.filter((end) => end <= at).length * 35);
    t.equal(whole, [header().length, ...ends].includes(at));
  }
  await file.close();
  const pictures = of(VIDEO, found);
  t.strictSame(
    pictures.map(({ dts }) => dts),
    Array.from({ length: 36 }, (_, n) => 900_000 + n * 3600),
  );
  t.strictSame(
    pictures.filter(({ key }) => key).map(({ dts }) => dts),
    [0, 12, 24].map((n) => 900_000 + n * 3600),
  );
  t.equal(of(SOUND, found)[0]?.dts, 480_000);
  t.equal(file.samples, 105);
  t.equal(file.endDts, 900_000 + Math.ceil((69 * 1024 * 90) / 48), 'sound ends last');
  const [first] = pictures;
  t.strictSame(bytes.subarray(first!.offset, first!.offset + first!.size), keyFrame(0).bytes);
  t.equal(first?.slate, false);
  t.equal(first?.parameters, digestOfConfig(file.init!.tracks[0]!));
});

t.test('the duration is the end', async (t) => {
  const path = join(t.testdir(), '1-000000.mp4');
  await writeFile(path, Buffer.concat([header(), halfSecond(0)]));
  const file = new RingFile(path);
  await file.begin();
  t.notOk((await file.read(new Timeline())).closed);
  const handle = await open(path, 'r+');
  const closed = header({ duration: 480 });
  await handle.write(closed, 0, closed.length, 0);
  await handle.close();
  t.match(await file.read(new Timeline()), { closed: true, whole: true, samples: [] });
  await file.close();
});

t.test('what touches is put together, and a hole stays', async (t) => {
  const dir = t.testdir();
  const timeline = new Timeline();
  const samples: Sample[] = [];
  const picture = (at: number) => part({ [VIDEO]: { at, packets: [keyFrame(1)] } });
  // The second file begins with its sound, at a time that is no whole tick of the picture.
  await writeFile(join(dir, '1.mp4'), Buffer.concat([header(), picture(0), picture(3599), picture(9000)]));
  const later = header({ number: 1, dts: 129_083_333n });
  const sounds = part({
    [SOUND]: { at: 0, packets: [sound(1)] },
    [VIDEO]: { at: 982, packets: [keyFrame(2)] },
  });
  await writeFile(join(dir, '2.mp4'), Buffer.concat([later, sounds]));
  for (const name of ['1.mp4', '2.mp4']) samples.push(...(await readAll(join(dir, name), timeline)));
  t.strictSame(
    of(VIDEO, samples).map(({ dts }) => dts),
    [0, 3600, 9000, 12_600],
  );
  t.equal(of(SOUND, samples)[0]?.dts, 6196);
  t.equal(
    of(VIDEO, await readAll(join(dir, '2.mp4')))[0]?.dts,
    12_600,
    'the same without the file before it',
  );
});

t.test('a part that contradicts itself, and all behind it, is not there', async (t) => {
  const path = join(t.testdir(), '1.mp4');
  const bad = halfSecond(1);
  // The place of the data within the part: far outside of it.
  bad.writeInt32BE(0x0fffffff, bad.indexOf('trun') + 12);
  await writeFile(path, Buffer.concat([header(), halfSecond(0), bad, halfSecond(2)]));
  const file = new RingFile(path);
  await file.begin();
  const { samples, whole } = await file.read(new Timeline());
  t.equal(samples.length, 35);
  t.notOk(whole);
  t.strictSame((await file.read(new Timeline())).samples, []);
  await file.close();
});

t.test('no file, or none yet', async (t) => {
  const dir = t.testdir({ empty: '', text: 'this is no recording, but longer than a header' });
  await symlink(join(dir, 'text'), join(dir, 'link'));
  for (const name of ['empty', 'text']) {
    const file = new RingFile(join(dir, name));
    t.ok(await file.begin(), name);
    t.equal(file.init, undefined);
    t.strictSame((await file.read(new Timeline())).samples, []);
    await file.close();
  }
  t.notOk(await new RingFile(join(dir, 'link')).begin());
  t.notOk(await new RingFile(dir).begin());
  await t.rejects(new RingFile(join(dir, 'gone')).begin(), { code: 'ENOENT' });
});

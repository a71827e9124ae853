import { execFile } from 'node:child_process';
import { open, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { box, boxes, find, whole } from '../../../src/record/mp4/boxes.ts';
import { readMeta } from '../../../src/record/mp4/header.ts';
import { parseInit } from '../../../src/record/mp4/init.ts';
import { layOut } from '../../../src/record/mp4/layout.ts';
import { RingFile } from '../../../src/record/mp4/reader.ts';
import { Timeline } from '../../../src/record/mp4/timeline.ts';
import { writeFragmented } from '../../../src/record/mp4/writer.ts';
import { Ring } from '../../../src/record/ring.ts';
import type { Init, Sample } from '../../../src/record/types.ts';
import { halfSecond, header, of, SCALE, SOUND, SOUND_SCALE, VIDEO } from './ring-files.ts';

/** Two files of one run with 3 s each. */
async function ring(dir: string): Promise<{ init: Init; samples: Sample[] }> {
  for (const number of [0, 1]) {
    const parts = Array.from({ length: 6 }, (_, n) => halfSecond(n));
    const start = header({ number, dts: 100_000_000_000n + BigInt(number) * 2_880_000_000n });
    await writeFile(join(dir, `10${number}-0.mp4`), Buffer.concat([start, ...parts]));
  }
  const ring = new Ring(dir);
  const reads = await ring.finish();
  await ring.close();
  return { init: reads[0]!.init, samples: reads.flatMap(({ samples }) => samples) };
}

async function write(path: string, cut: Parameters<typeof writeFragmented>[1]) {
  const handle = await open(path, 'w');
  try {
    return await writeFragmented(handle, cut);
  } finally {
    await handle.close();
  }
}

async function readBack(path: string): Promise<{ init: Init; samples: Sample[]; whole: boolean }> {
  const file = new RingFile(path);
  await file.begin();
  const { samples, whole } = await file.read(new Timeline());
  await file.close();
  return { init: file.init!, samples, whole };
}

async function bytesOf({ file, offset, size }: Sample): Promise<string> {
  return (await readFile(file)).subarray(offset, offset + size).toString('hex');
}

t.test('a cut across two files: each packet as it was, at its time', async (t) => {
  const dir = t.testdir();
  const { init, samples } = await ring(dir);
  const pictures = of(VIDEO, samples).slice(12, 60);
  const [from, to] = [pictures[0]!.dts / SCALE, (pictures.at(-1)!.dts + 3600) / SCALE];
  const sounds = of(SOUND, samples).filter(({ dts }) => dts / SOUND_SCALE >= from && dts / SOUND_SCALE < to);
  const cut = { init, samples: [...pictures, ...sounds], origin: from, meta: { v: 1, route: 'café' } };
  const out = join(dir, 'out.mp4');
  const result = await write(out, cut);
  const file = await readFile(out);
  t.strictSame(result, { bytes: file.length, frames: 48 });
  const back = await readBack(out);
  t.ok(back.whole);
  t.equal(back.init.run, '', 'the place in the ring is left out');
  for (const [track, list, scale] of [
    [VIDEO, pictures, SCALE],
    [SOUND, sounds, SOUND_SCALE],
  ] as const) {
    const found = of(track, back.samples);
    const times = ({ dts, pts, duration, key }: Sample, zero: number) => [
      dts - zero,
      pts - zero,
      duration,
      key,
    ];
    const zero = Math.round(from * scale);
    t.strictSame(
      found.map((sample) => times(sample, 0)),
      list.map((sample) => times(sample, zero)),
    );
    const packets = (all: readonly Sample[]) => Promise.all(all.map(bytesOf));
    t.strictSame(await packets(found), await packets(list));
  }
  t.strictSame(await readMeta(out), cut.meta);

  const tops = [...boxes(file)];
  t.strictSame(
    tops.slice(0, 6).map(({ type }) => type),
    ['ftyp', 'moov', 'uuid', 'sidx', 'moof', 'mdat'],
  );
  const [, moov, , sidx] = tops;
  const number = (at: number, ...path: string[]) =>
    file.readUInt32BE(find(file, whole(file), ...path)!.body + at);
  const length = Math.round((sounds.at(-1)!.dts + 1024 - from * SOUND_SCALE) / 48);
  t.equal(number(16, 'moov', 'mvhd'), length);
  t.equal(number(8, 'moov', 'mvex', 'mehd'), length);
  t.equal(number(20, 'moov', 'trak', 'tkhd'), 1920);
  t.equal(number(16, 'moov', 'trak', 'mdia', 'mdhd'), 48 * 3600);
  t.equal(find(file, moov!, 'udta'), undefined);
  const count = file.readUInt16BE(sidx!.body + 30);
  t.equal(count, tops.filter(({ type }) => type === 'moof').length);
  let end = sidx!.end;
  for (let entry = 0; entry < count; entry++) {
    t.equal(file.toString('latin1', end + 4, end + 8), 'moof');
    end += file.readUInt32BE(sidx!.body + 32 + entry * 12);
  }
  t.equal(end, file.length, 'the index reaches the end');
});

t.test('sound that began before the picture stays in step with it', async (t) => {
  const dir = t.testdir();
  const { init, samples } = await ring(dir);
  const [picture] = of(VIDEO, samples)
    .filter(({ key }) => key)
    .slice(1);
  const pictures = of(VIDEO, samples).filter(({ dts }) => dts >= picture!.dts);
  const origin = picture!.dts / SCALE;
  // The packet that is heard while the picture appears.
  const sounds = of(SOUND, samples).filter(({ dts }) => (dts + 1024) / SOUND_SCALE > origin);
  const ahead = origin - sounds[0]!.dts / SOUND_SCALE;
  t.ok(ahead > 0 && ahead < 1024 / SOUND_SCALE);
  await write(join(dir, 'out.mp4'), { init, samples: [...sounds, ...pictures], origin, meta: {} });
  const back = await readBack(join(dir, 'out.mp4'));
  t.equal(of(SOUND, back.samples)[0]?.dts, 0);
  t.equal(of(VIDEO, back.samples)[0]?.dts, Math.round(ahead * SCALE));
});

t.test('parts of about a second, at key frames where there are any', async (t) => {
  const { init, samples } = await ring(t.testdir());
  const origin = 100;
  const starts = (all: Sample[]) =>
    layOut({ init, samples: all, origin }).parts.map(({ start, key }) => [start / SCALE, key]);
  const pictures = of(VIDEO, samples);
  t.strictSame(starts(pictures).slice(0, 3), [
    [0, true],
    [0.48, true],
    [0.96, true],
  ]);
  const rare = pictures.map((sample, index) => ({ ...sample, key: index % 50 === 0 }));
  t.strictSame(starts(rare).slice(0, 5), [
    [0, true],
    [1.52, false],
    [2, true],
    [3.52, false],
    [4, true],
  ]);
  const heard = layOut({ init, samples: of(SOUND, samples), origin });
  t.equal(heard.lead.id, SOUND);
  t.ok(heard.parts.every(({ duration }) => duration <= 1.1 * SOUND_SCALE));
  t.equal(heard.frames, of(SOUND, samples).length);
  t.throws(() => layOut({ init, samples: [], origin }), /nothing/);
});

t.test('holes and doubles keep all times', async (t) => {
  const { init, samples } = await ring(t.testdir());
  const [a, b, c, d] = of(VIDEO, samples) as [Sample, Sample, Sample, Sample];
  const placed = (all: Sample[]) =>
    layOut({ init, samples: all, origin: 100 }).parts[0]!.runs[0]!.placed.map((each) => [
      each.dts,
      each.pts,
      each.duration,
    ]);
  t.strictSame(placed([a, b, d]), [
    [0, 0, 3600],
    [3600, 3600, 7200],
    [10_800, 10_800, 3600],
  ]);
  t.strictSame(placed([a, b, { ...c, dts: b.dts - 10 }]), [
    [0, 0, 3600],
    [3600, 3600, 1],
    [3601, 7200, 3600],
  ]);
  // As the server guesses with B-frames: decoded a millisecond after it was shown.
  const late = { ...c, dts: b.dts + 90, pts: b.dts };
  t.strictSame(placed([a, { ...b, pts: c.pts }, late, d]), [
    [0, 0, 3599],
    [3599, 7200, 1],
    [3600, 3600, 7200],
    [10_800, 10_800, 3600],
  ]);
});

t.test('packets that are gone are an error', async (t) => {
  const dir = t.testdir();
  const cut = { ...(await ring(dir)), origin: 100, meta: {} };
  const [first] = cut.samples;
  await symlink(join(dir, '100-0.mp4'), join(dir, 'link'));
  const linked = { ...cut, samples: [{ ...first!, file: join(dir, 'link') }] };
  await t.rejects(write(join(dir, 'out'), linked), /no regular file/);
  await truncate(join(dir, '101-0.mp4'), 50_000);
  await t.rejects(write(join(dir, 'out'), cut), /101-0.mp4 has become shorter/);
  const gone = { ...cut, samples: [{ ...first!, file: join(dir, 'gone') }] };
  await t.rejects(write(join(dir, 'out'), gone), { code: 'ENOENT' });
});

t.test('notes that aren’t ours, or are damaged', async (t) => {
  const dir = t.testdir();
  const { init, samples } = await ring(dir);
  const out = join(dir, 'out.mp4');
  await write(out, { init, samples, origin: 100, meta: { text: 'x'.repeat(60_000) } });
  t.match(await readMeta(out), { text: /^x{60000}$/ });
  await t.rejects(write(out, { init, samples, origin: 100, meta: { text: 'x'.repeat(70_000) } }), /too long/);
  t.equal(await readMeta(join(dir, '100-0.mp4')), undefined);
  const file = await readFile(out);
  const uuid = [...boxes(file)].find(({ type }) => type === 'uuid');
  t.equal(uuid, undefined, 'nothing was written');
  const odd = Buffer.concat([
    box('ftyp'),
    box('uuid', Buffer.alloc(16), Buffer.from('{"v":1}')),
    box('uuid'),
  ]);
  await writeFile(out, odd);
  t.equal(await readMeta(out), undefined);
  t.equal(parseInit(odd), undefined);
});

t.test('a clip of ffmpeg with B-frames, cut at its second key frame', async (t) => {
  const dir = t.testdir();
  const run = promisify(execFile);
  const source = join(dir, '1-0.mp4');
  const input = [
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=160x90:rate=25',
    '-f',
    'lavfi',
    '-i',
    'sine=sample_rate=48000',
  ];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '2'];
  const pyramid = ['-b_strategy', '0', '-c:a', 'aac', '-t', '4'];
  const mp4 = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-frag_duration', '500000'];
  await run('ffmpeg', ['-v', 'error', ...input, ...video, ...pyramid, ...mp4, source]);
  const { init, samples } = await readBack(source);
  const [id, other] = [init.tracks[0]!, init.tracks[1]!];
  const second = of(id.id, samples).filter(({ key }) => key)[1]!;
  const origin = second.dts / id.timescale;
  const kept = [
    ...of(id.id, samples).filter(({ dts }) => dts >= second.dts),
    ...of(other.id, samples).filter(({ dts }) => dts / other.timescale >= origin),
  ];
  const out = join(dir, 'out.mp4');
  t.match(await write(out, { init, samples: kept, origin, meta: {} }), { frames: 75 });

  const probe = async (file: string) => {
    const asked = [
      '-show_entries',
      'packet=codec_type,pts_time,dts_time,data_hash',
      '-show_data_hash',
      'md5',
    ];
    const { stdout } = await run('ffprobe', ['-v', 'error', ...asked, '-of', 'json', file]);
    return (JSON.parse(stdout) as { packets: Record<string, string>[] }).packets;
  };
  const [before, after] = [await probe(source), await probe(out)];
  const off: number[] = [];
  for (const kind of ['video', 'audio']) {
    const got = after.filter((packet) => packet['codec_type'] === kind);
    const all = before.filter((packet) => packet['codec_type'] === kind);
    const want = all.slice(all.length - got.length);
    t.ok(got.length > 70, `${got.length} of ${kind}`);
    t.strictSame(
      got.map((packet) => packet['data_hash']),
      want.map((packet) => packet['data_hash']),
    );
    for (const [index, packet] of got.entries())
      for (const time of ['pts_time', 'dts_time'])
        off.push(Number(want[index]![time]) - Number(packet[time]));
  }
  t.ok(Math.max(...off) - Math.min(...off) < 0.00005, 'picture and sound as far apart as before');
  const { stdout, stderr } = await run('ffmpeg', [
    '-v',
    'error',
    '-i',
    out,
    '-map',
    '0:v',
    '-f',
    'framecrc',
    '-',
  ]);
  t.equal(stderr, '');
  t.equal(stdout.split('\n').filter((line) => /^\d/.test(line)).length, 75, 'each picture decodes');
});

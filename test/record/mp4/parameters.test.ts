import { readFileSync } from 'node:fs';
import t from 'tap';
import { u16 } from '../../../src/record/mp4/boxes.ts';
import { digestOfConfig, HEAD_BYTES, inspectKey } from '../../../src/record/mp4/parameters.ts';
import type { TrackInit } from '../../../src/record/types.ts';
import { avcC, filler, keyFrame, sized } from './ring-files.ts';

const track = (codec: string, config: Buffer, width = 1920): TrackInit => ({
  id: 1,
  kind: 'video',
  timescale: 90_000,
  codec,
  width,
  config,
});

t.test('H.264: the sets before a key frame are those of the header, or others', async (t) => {
  const sps = Buffer.from('6742c028da01', 'hex');
  const pps = Buffer.from('68ce3c80', 'hex');
  const other = Buffer.from('68ce3c81', 'hex');
  const avc1 = track('avc1', avcC(sps, pps));
  const { parameters } = inspectKey(avc1, keyFrame(1, 5000, sps, pps).bytes.subarray(0, HEAD_BYTES));
  t.equal(parameters, digestOfConfig(avc1));
  t.not(inspectKey(avc1, keyFrame(1, 5000, sps, other).bytes).parameters, parameters);
  t.equal(inspectKey(avc1, sized(Buffer.of(0x65, 1, 2))).parameters, parameters, 'none in band');
  t.not(digestOfConfig(track('avc1', avcC(sps, other))), parameters);
  for (let length = 0; length < avc1.config.length; length++)
    if (digestOfConfig(track('avc1', avc1.config.subarray(0, length))) === parameters)
      t.fail(`${length} bytes of the header are enough`);
});

t.test('H.265', async (t) => {
  const sets = [0x40, 0x42, 0x44].map((first, index) => Buffer.of(first, 1, 7, index));
  const note = Buffer.of(0x4e, 1, 9);
  const array = (type: number, unit: Buffer) =>
    Buffer.concat([Buffer.of(0x80 | type), u16(1), u16(unit.length), unit]);
  const config = Buffer.concat([
    Buffer.alloc(21),
    Buffer.of(0x0f, 4),
    array(39, note),
    ...[32, 33, 34].map((type, index) => array(type, sets[index]!)),
  ]);
  const hvc1 = track('hvc1', config);
  const head = sized(...sets, Buffer.concat([Buffer.of(0x26, 1), filler(1, 50)]));
  t.ok(digestOfConfig(hvc1));
  t.equal(inspectKey(hvc1, head).parameters, digestOfConfig(hvc1));
  t.equal(digestOfConfig(track('hvc1', config.subarray(0, 40))), undefined);
});

t.test('AV1', async (t) => {
  const sequence = Buffer.from('0a0b00000042abbfc371abe601', 'hex');
  const av01 = track('av01', Buffer.concat([Buffer.of(0x81, 8, 12, 0), sequence]));
  const head = Buffer.concat([Buffer.of(0x12, 0), sequence, Buffer.of(0x32, 0x80, 0x10), filler(2, 900)]);
  t.ok(digestOfConfig(av01));
  t.equal(inspectKey(av01, head).parameters, digestOfConfig(av01));
  const other = track('av01', Buffer.concat([Buffer.alloc(4), Buffer.from('0a0100', 'hex')]));
  t.not(digestOfConfig(other), digestOfConfig(av01));
});

t.test('VP9: what a header says is read from the key frame', async (t) => {
  const head = readFileSync('test/fixtures/slate/vp9.bin');
  const vp09 = track('vp09', Buffer.from('010000000028820202020000', 'hex'));
  t.ok(digestOfConfig(vp09));
  t.equal(inspectKey(vp09, head).parameters, digestOfConfig(vp09));
  const smaller = track('vp09', vp09.config, 1280);
  t.not(digestOfConfig(smaller), digestOfConfig(vp09));
});

t.test('the picture that the server shows for an absent publisher', async (t) => {
  const { config } = track('avc1', avcC());
  for (const [codec, file] of [
    ['avc1', 'h264'],
    ['hev1', 'h265'],
    ['av01', 'av1'],
    ['vp09', 'vp9'],
  ] as const) {
    const head = readFileSync(`test/fixtures/slate/${file}.bin`);
    const of = track(codec, codec === 'avc1' ? config : Buffer.alloc(0));
    t.ok(inspectKey(of, head).slate, file);
    const other = Buffer.from(head);
    other[700] = other[700]! ^ 1;
    t.notOk(inspectKey(of, other).slate, `another ${file}`);
    t.notOk(inspectKey(of, head.subarray(0, 500)).slate, `half of ${file}`);
  }
  const h264 = readFileSync('test/fixtures/slate/h264.bin');
  const sets = sized(Buffer.from('6742c028da01e0', 'hex'), Buffer.from('68ce3c80', 'hex'));
  t.ok(inspectKey(track('avc1', config), Buffer.concat([sets, h264])).slate, 'with sets before it');
});

t.test('any bytes are survived', async (t) => {
  let slates = 0;
  for (const codec of ['avc1', 'hvc1', 'av01', 'vp09', 'mp4v'])
    for (let seed = 0; seed < 200; seed++) {
      const of = track(codec, filler(seed, seed));
      if (inspectKey(of, filler(seed * 3, seed * 5)).slate) slates++;
      digestOfConfig(of);
    }
  t.equal(slates, 0);
});

/** Which pictures are taken, and that key frames are enough wherever they can be. */
import t from 'tap';
import { plan } from '../../src/plan/plan.ts';
import { printPlan } from '../../src/plan/print.ts';
import type { SnapshotUnit } from '../../src/plan/types.ts';
import { read } from '../config/support.ts';
import { h264, linuxTools } from '../support/facts.ts';

function planned(snapshots: string, more = '') {
  const text = `sources: { cam: { file: a.mp4 }, pub: { publish: true } }
routes:
  cam: { from: cam, split: true, to: [cam, ${snapshots}] }
${more}`;
  const media = { cam: { tracks: [h264] } };
  return plan(read(text), { tools: linuxTools, media });
}

function unitOf(snapshots: string): SnapshotUnit {
  const found = planned(snapshots).units.find((unit) => unit.kind === 'snapshots');
  return found as SnapshotUnit;
}
const argsOf = (snapshots: string) =>
  unitOf(snapshots)
    .args.filter((arg) => typeof arg === 'string')
    .join(' ');

t.test('key frames only, wherever they come often enough', async (t) => {
  for (const every of ['keyframes', '5s', '10s']) {
    t.match(
      argsOf(`snapshots: { dir: shots, every: ${every} }`),
      '-threads 1 -skip_frame nokey -copyts',
      every,
    );
  }
  for (const every of ['4900ms', '{ frames: 250 }']) {
    t.notMatch(argsOf(`snapshots: { dir: shots, every: ${every} }`), 'nokey', every);
  }
  t.match(argsOf('snapshots: { dir: shots, every: keyframes }'), "select='key',");
  t.match(argsOf('snapshots: { dir: shots, every: { frames: 250 } }'), "select='not(mod(n,250))',");
  t.match(argsOf('snapshots: { dir: shots, every: 10s }'), /select='key\*if\(.*\/10\)/);
  t.match(argsOf('snapshots: { dir: shots, every: 1s }'), /select='if\(.*\/1\)/);
});

t.test('quality and size', async (t) => {
  const quality = (value: number) =>
    / -q:v (\d+) /.exec(argsOf(`snapshots: { dir: s, quality: ${value} }`))?.[1];
  t.same([1, 50, 80, 100].map(quality), ['31', '17', '8', '2']);
  t.match(argsOf('snapshots: { dir: shots, size: 320x180 }'), ',scale=320:180,format=yuvj420p ');
  t.notMatch(argsOf('snapshots: { dir: shots }'), 'scale=');
});

t.test('one process a sink, which reads the path as others do', async (t) => {
  const two = 'snapshots: { dir: shots }, snapshots: { dir: more, every: keyframes }';
  const made = planned(two, '  pub: { from: pub, to: [pub, snapshots: { dir: pubs }] }');
  const units = made.units.filter((unit) => unit.kind === 'snapshots');
  t.match(units, [
    { id: 'snapshots:cam', reads: ['cam'], sink: { dir: /shots$/ } },
    { id: 'snapshots:cam:2', reads: ['cam'] },
    { id: 'snapshots:pub', reads: ['pub'] },
  ]);
  t.ok(
    units.every(({ args }) =>
      args.some((arg) => typeof arg === 'object' && 'read' in arg && arg.by === 'rtsp'),
    ),
  );
  t.match(printPlan(made, 'mermaid'), /ffmpeg snapshots:cam/);
  t.match(printPlan(made, 'tree'), /each key frame as JPEG in .*more; only key frames are decoded/);
});

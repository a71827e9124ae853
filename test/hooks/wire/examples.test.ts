/** The hooks in examples/ run as they stand. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ShownFrame } from '../../../src/hooks/adapter.ts';
import type { PixelFormat } from '../../../src/hooks/contract.ts';
import { planeShapes } from '../../../src/hooks/wire/layout.ts';
import { adapt, command, never } from './support.ts';

t.setTimeout(60_000);

const python = process.env['HOOK_PYTHON'] ?? 'python3';
const has = (code: string): boolean => spawnSync(python, ['-c', code]).status === 0;
const example = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/hooks/${name}`, import.meta.url));

function picture(format: PixelFormat, sequence: number, value: number): ShownFrame {
  const [width, height] = [64, 48];
  return {
    sequence,
    pts: BigInt(sequence * 90_000),
    timeBase: { num: 1, den: 90_000 },
    timestamp: sequence * 1e6,
    wallClock: 0,
    keyFrame: true,
    format,
    width,
    height,
    planes: planeShapes(format, width, height).map(({ rowBytes, ...plane }) => ({
      ...plane,
      data: Buffer.alloc(rowBytes * plane.height, value),
      stride: rowBytes,
    })),
  };
}

t.test('people.ts', async (t) => {
  const { adapter, noted } = adapt(t, { by: 'module', file: example('people.ts') });
  t.equal((await adapter.start(never)).format, 'yuv420p');
  await noted.until(({ lines }) => lines.includes('info: watching lobby'));
  for (const [n, value] of [100, 20, 100].entries()) {
    const { picture: answer, meta, events } = await adapter.process(picture('yuv420p', n, value), never);
    t.same(meta, { brightness: value });
    t.same(events, value < 40 ? [{ name: 'dark', data: { brightness: value } }] : undefined);
    const luma = answer!.planes[0]!.data;
    t.same([luma[0], luma.at(-1)], [value, value / 2]);
  }
});

t.test('grayscale.py', { skip: !has('import cv2') && 'no OpenCV' }, async (t) => {
  const { adapter } = adapt(t, command(python, example('grayscale.py')));
  t.equal((await adapter.start(never)).format, 'bgr24');
  for (const n of [0, 1, 2]) {
    const { picture: answer } = await adapter.process(picture('bgr24', n, n * 50), never);
    t.match(answer, { format: 'gray8', width: 64, height: 48 });
    t.ok(answer!.planes[0]!.data.every((value) => value === n * 50));
  }
});

t.test('faces.py', { skip: !has('import cv2') && 'no OpenCV' }, async (t) => {
  const { adapter } = adapt(t, command(python, example('faces.py')));
  if (has('import cv2; cv2.CascadeClassifier')) {
    t.equal((await adapter.start(never)).format, 'gray8');
    t.same((await adapter.process(picture('gray8', 0, 90), never)).overlay, { boxes: [] });
  } else {
    await t.rejects(adapter.start(never), { message: /pip install "opencv-python-headless<5"/ });
  }
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { adapterFor, frameOf, never } from './support.ts';

const hasOpenCv = spawnSync('python3', ['-c', 'import cv2, numpy']).status === 0;

t.test('the HTTP example of examples/hooks answers', { skip: !hasOpenCv && 'no OpenCV' }, async (t) => {
  const server = spawn('python3', ['examples/hooks/detect_server.py', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  t.teardown(async () => {
    server.kill('SIGKILL');
    await ended;
  });
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  const url = `${line.replace('listening on ', '')}/detect`;
  const adapter = adapterFor(t, url);
  const still = frameOf('yuv420p', 320, 240);
  for (let turn = 0; turn < 3; turn++) await adapter.process(still, never());
  t.same(await adapter.process(still, never()), { overlay: { boxes: [] }, meta: { moving: 0 } });
  // Something bright comes into the dark half.
  const { data, stride } = still.planes[0]!;
  for (let y = 100; y < 140; y++) data.fill(235, y * stride + 40, y * stride + 80);
  const { overlay } = await adapter.process(still, never());
  const [box] = overlay?.boxes ?? [];
  const about = (value: number | undefined, wanted: number) => Math.abs((value ?? 0) - wanted) <= 6;
  t.ok(
    about(box?.x, 40) && about(box?.y, 100) && about(box?.width, 40) && about(box?.height, 40),
    String(box),
  );
  const response = await fetch(url, { method: 'POST', body: 'no image' });
  t.equal(response.status, 400);
  await response.arrayBuffer();
});

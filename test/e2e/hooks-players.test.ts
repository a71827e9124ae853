/**
 * The examples with real libraries, and the players that people use. `RELAY_SCREENSHOTS=docs/images` saves what a
 * reader sees for the docs.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pythonPath } from './support/binaries.ts';
import { chromiumPath, playPage } from './support/chromium.ts';
import { collectEvents } from './support/events.ts';
import { face, faceClip, square } from './support/face-clip.ts';
import { answering, figuresOf } from './support/hooks.ts';
import { aliveWith } from './support/proc.ts';
import { freePorts, type Scope, scope, until } from './support/process.ts';
import { decodeFrames, missing } from './support/readers.ts';
import { startRelay } from './support/relay.ts';
import { boundsOf, type Still, savePng, still } from './support/still.ts';

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/hooks/${name}`, import.meta.url));

const frames = 75;

async function screenshot(s: Scope, url: string, name: string): Promise<void> {
  const folder = process.env['RELAY_SCREENSHOTS'];
  if (folder !== undefined) await savePng(s, url, join(folder, `${name}.png`));
}

/** Boxes are green unless they say otherwise; the photograph has nothing like it. */
const green = (red: number, green: number, blue: number): boolean => green > 150 && red < 110 && blue < 110;

/** The box is drawn around the face, and about as large. */
function aroundFace(picture: Still): string | undefined {
  const box = boundsOf(picture, green);
  if (box === undefined) return 'no box';
  const middle = (box.left + box.right) / 2;
  // A label may stand above or below it.
  const ok =
    Math.abs(middle - (face.left + face.right) / 2) < 25 &&
    box.left > face.left - 30 &&
    box.right < face.right + 30 &&
    box.top > face.top - 60 &&
    box.bottom < face.bottom + 40 &&
    box.right - box.left > 60;
  return ok ? undefined : JSON.stringify(box);
}

/** Waits until a reader sees the box; what it saw instead, else "". */
async function boxMissing(s: Scope, url: string): Promise<string> {
  let why: string | undefined = 'nothing';
  await until(
    async () => {
      why = aroundFace(await still(s, url, 512, 512));
      return why === undefined;
    },
    { timeout: 20_000, what: 'a box around the face' },
  ).catch(() => undefined);
  return why ?? '';
}

t.test('OpenCV in Python: faces and grayscale, played by VLC and a browser', async (t) => {
  const s = scope(t);
  const file = await faceClip(s);
  if (file === undefined) return void t.pass('faces', { skip: 'no Python with OpenCV 4 and scikit-image' });
  const command = (name: string): string[] => [pythonPath(), example(name)];
  const content = {
    sources: { cam: { file, loop: true } },
    routes: {
      faces: {
        from: 'cam',
        audio: 'opus',
        hook: { command: command('faces.py'), mode: 'overlay', size: '512x512', pick: { fps: 4 } },
      },
      gray: { from: 'cam', hook: { command: command('grayscale.py') } },
    },
  };
  // The face is told once, with the first frame.
  const relay = await startRelay(s, content, { ready: false });
  const events = await until(() => collectEvents(s, relay), { what: 'the API' });
  for (const name of ['faces', 'gray']) {
    await relay.online(name);
    await answering(relay, name);
  }
  const faces = relay.rtsp('faces');
  const vlc = missing('vlc', relay.rtmp('gray'));
  if (vlc !== undefined) t.pass('VLC', { skip: vlc });
  else {
    await Promise.all(
      [relay.rtmp('gray'), relay.hls('gray')].map(async (url) => {
        t.ok((await decodeFrames(s, 'vlc', url, frames)).frames >= frames, `VLC plays ${url}`);
      }),
    );
  }
  const gray = await still(s, relay.rtmp('gray'), 512, 512);
  t.equal(
    boundsOf(gray, (r, g, b) => Math.max(r, g, b) - Math.min(r, g, b) > 24),
    undefined,
    'no colour is left',
  );
  t.equal(await boxMissing(s, faces), '', 'the box is drawn around the face');
  if (chromiumPath() === undefined) t.pass('a browser', { skip: 'no Chromium' });
  else {
    const played = await playPage(s, relay.page('faces'), { frames, timeout: 60_000 });
    t.ok(played.frames >= frames && played.width === 512, `Chromium plays ${played.frames} frames by WebRTC`);
    t.ok(played.audioSamples > 0, 'with sound');
  }
  await screenshot(s, faces, 'hook-faces');
  await screenshot(s, relay.rtmp('gray'), 'hook-gray');
  t.equal((await figuresOf(relay, 'faces')).errors, 0);
  const told = events.find((event) => event.type === 'hook' && event.name === 'faces');
  t.match(told, { route: 'faces', data: { count: 1 } }, 'the event of the face came');
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
});

t.test('the example over HTTP: boxes around what moves, played by VLC', async (t) => {
  const s = scope(t);
  const file = await faceClip(s, true);
  if (file === undefined) return void t.pass('detect', { skip: 'no Python with OpenCV 4 and scikit-image' });
  const [port] = await freePorts(1);
  s.spawn(pythonPath(), [example('detect_server.py'), String(port)]);
  const relay = await startRelay(s, {
    sources: { cam: { file, loop: true } },
    routes: {
      cam: {
        from: 'cam',
        hook: { http: `http://127.0.0.1:${port}/detect`, mode: 'overlay', size: '512x512' },
      },
    },
  });
  const events = await collectEvents(s, relay);
  await relay.online('cam');
  await answering(relay, 'cam', 50);
  let box: ReturnType<typeof boundsOf>;
  await until(
    async () => {
      box = boundsOf(await still(s, relay.rtmp('cam'), 512, 512), green);
      return box !== undefined && box.top > square.top - 40 && box.bottom - box.top > square.size / 2;
    },
    { timeout: 20_000, what: 'a box around the square only' },
  ).catch(() => t.fail(`no box around the square: ${JSON.stringify(box)}`));
  const told = events.findLast((event) => event.type === 'meta');
  t.ok(
    told?.type === 'meta' && told.route === 'cam',
    `what the server answers is told: ${JSON.stringify(told)}`,
  );
  const url = relay.rtmp('cam');
  const why = missing('vlc', url);
  if (why !== undefined) t.pass('VLC', { skip: why });
  else t.ok((await decodeFrames(s, 'vlc', url, frames)).frames >= frames, 'VLC by RTMP');
  await screenshot(s, url, 'hook-http');
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
});

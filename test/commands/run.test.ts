/** `run` and `push` in the foreground, with the embedded server: addresses, signals, ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { portOr } from '../../src/commands/free-port.ts';
import { makeClip } from '../support/clips.ts';
import { built, relay, startRelay } from '../support/relay.ts';

t.setTimeout(90_000);
t.before(built);

const freePort = () => portOr(0);

async function site(t: Test) {
  const [rtmp, api] = await Promise.all([freePort(), freePort()]);
  const text = (size: string) =>
    `server: { driver: node-media-server, rtsp: false, hls: false, webrtc: false, rtmp: "127.0.0.1:${rtmp}" }
api: { listen: "127.0.0.1:${api}" }
sources: { bars: { test: bars, size: ${size}, fps: 5 } }
routes: { bars: { from: bars } }
`;
  const cwd = t.testdir({ 'relay.yaml': text('160x90') });
  const write = (content: string) => writeFileSync(join(cwd, 'relay.yaml'), content);
  return { cwd, rtmp, api, text, write };
}

t.test('run: addresses, status, reload by SIGHUP, a bad file, SIGTERM', async (t) => {
  const { cwd, rtmp, text, write } = await site(t);
  const run = startRelay(t, ['run', '--log', 'json'], { cwd });
  await run.until(/"addresses"/);
  t.match(JSON.parse(run.out()), {
    addresses: [{ path: 'bars', urls: [`rtmp://127.0.0.1:${rtmp}/live/bars`] }],
  });
  t.match(JSON.parse((await relay(t, ['status', '--json'], { cwd })).out), {
    pid: run.child.pid,
    units: [{ id: 'server' }, { kind: 'ffmpeg', routes: ['bars'] }],
  });
  write(text('320x180'));
  run.child.kill('SIGHUP');
  await run.until(/reloaded: \S*bars/);
  write('routes: 5\n');
  run.child.kill('SIGHUP');
  await run.until(/relay\.yaml:1:\d+ error/);
  t.equal(run.child.exitCode, null, 'the old plan runs on');
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
  for (const line of run.err().trim().split('\n')) t.match(JSON.parse(line), { level: String, msg: String });
});

t.test('run: the API moves when a reload says so, and stays where it is while it can not', async (t) => {
  const { cwd, api, text, write } = await site(t);
  const [busy, next] = await Promise.all([freePort(), freePort()]);
  const at = (port: number) => text('160x90').replace(`127.0.0.1:${api}`, `127.0.0.1:${port}`);
  const reload = (port: number) => relay(t, ['reload', '--api', `127.0.0.1:${port}`], { cwd });
  const run = startRelay(t, ['run', '--log', 'json'], { cwd });
  await run.until(/"addresses"/);

  const other = createServer().listen(busy, '127.0.0.1');
  t.teardown(() => other.close());
  write(at(busy));
  t.match(await reload(api), { code: 69, err: new RegExp(`${busy} is in use`) });
  t.match(await reload(api), { code: 69 }, 'it answers where it was, and tries again');

  write(at(next));
  t.match(await reload(api), { code: 0 }, 'who asked for the move gets an answer');
  t.match(await reload(next), { code: 0 });
  for (let at = 0; at < 50; at++) run.child.kill('SIGHUP');
  t.match(await reload(next), { code: 0 });
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
  t.notMatch(run.err(), /MaxListeners/);
});

t.test('run: a signal ends a start that would last', async (t) => {
  const { cwd, text, write } = await site(t);
  const mute = '#!/bin/sh\n[ "$1" = --version ] && exec echo v1.20.1\nexec sleep 60\n';
  writeFileSync(join(cwd, 'mute'), mute, { mode: 0o755 });
  write(text('160x90').replace('driver: node-media-server', 'driver: mediamtx, binary: ./mute'));
  const run = startRelay(t, ['run', '--log', 'json', '--level', 'debug'], { cwd });
  await run.until(/"server".*"starting"/);
  const asked = performance.now();
  run.child.kill('SIGTERM');
  t.equal(await run.ended, 0);
  t.ok(performance.now() - asked < 5000, 'far from the 30 s in which it would give up');
});

t.test('run: bad and missing files start nothing', async (t) => {
  const cwd = t.testdir({ 'bad.yaml': 'sources: {}\nrutes: {}\n' });
  t.match(await relay(t, ['run'], { cwd }), { code: 78, out: '', err: /there is no file relay\.yaml/ });
  t.match(await relay(t, ['run', 'bad.yaml'], { cwd }), { code: 78, out: '', err: /bad\.yaml:2:1 error/ });
});

t.test('run: a port that another program has', async (t) => {
  const { cwd, api } = await site(t);
  const other = createServer().listen(api, '127.0.0.1');
  t.teardown(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  t.match(await relay(t, ['run'], { cwd }), {
    code: 69,
    err: new RegExp(`127\\.0\\.0\\.1:${api} is in use`),
  });
});

t.test('run --dry-run shows the plan', async (t) => {
  const { cwd } = await site(t);
  t.match(await relay(t, ['run', '--dry-run'], { cwd }), {
    code: 0,
    out: /^server node-media-server[\s\S]*bars {2}← bars/,
  });
});

t.test('push: plays a file once and ends', async (t) => {
  const cwd = t.testdir();
  await makeClip(cwd, 'h264-aac.mp4');
  const before = performance.now();
  const { code, out } = await relay(t, ['push', 'h264-aac.mp4', 'once', '--log', 'json'], { cwd });
  t.equal(code, 0);
  t.match(JSON.parse(out), { addresses: [{ path: 'once' }] });
  t.ok(performance.now() - before > 2000, 'at its own speed');
});

t.test('push: what can not be read', async (t) => {
  const cwd = t.testdir({ 'text.mp4': 'this is no video' });
  t.match(await relay(t, ['push', 'text.mp4'], { cwd }), { code: 1, out: '', err: /text\.mp4/ });
});

t.test('push: SIGINT ends a loop', async (t) => {
  const cwd = t.testdir();
  await makeClip(cwd, 'h264-aac.mp4');
  const run = startRelay(t, ['push', 'h264-aac.mp4', '--loop', '--log', 'pretty'], { cwd });
  await run.until(/^h264-aac\n {2}rt/m);
  run.child.kill('SIGINT');
  t.equal(await run.ended, 0);
});

t.test('a second signal ends it at once, and its children with it', async (t) => {
  const { cwd } = await site(t);
  const run = startRelay(t, ['run', '--log', 'json', '--level', 'debug'], { cwd });
  await run.until(/"addresses"/);
  const { units } = JSON.parse((await relay(t, ['status', '--json'], { cwd })).out) as {
    units: { pid?: number }[];
  };
  const pids = units.flatMap(({ pid }) => pid ?? []);
  t.ok(pids.length > 0);
  run.child.kill('SIGTERM');
  run.child.kill('SIGINT');
  t.equal(await run.ended, 130);
  while (pids.some(alive)) await new Promise((resolve) => setTimeout(resolve, 10));
});

/** A dead process stays in the list of processes where nobody collects orphans, as in many containers. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return process.platform !== 'linux';
  }
}

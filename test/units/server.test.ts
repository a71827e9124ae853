/** The media server's own troubles and changes. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import t from 'tap';
import { barsPath, barsUnit, ffmpegUnit, freePort, planOf, serverSpec, until, Watched } from './support.ts';

t.setTimeout(120_000);

t.test('a taken port is named, with its holder, and nothing is left', async (t) => {
  const server = await serverSpec();
  const { port } = server.listen.rtsp as { port: number };
  const holder = net.createServer().listen(port, '127.0.0.1');
  t.teardown(() => holder.close());
  const watched = new Watched();
  const at = performance.now();
  await t.rejects(watched.supervisor.apply(planOf(server, [barsUnit('a')], [barsPath('a')])), {
    code: 'RELAY_PORT_BUSY',
    message: new RegExp(`127\\.0\\.0\\.1:${port} is in use by \\w+ \\(pid ${process.pid}\\)`),
  });
  t.ok(performance.now() - at < 2000);
  t.strictSame(watched.supervisor.status().units, []);
  await watched.supervisor.stop();
});

t.test('its file, which holds passwords, is gone soon after the start', async (t) => {
  const watched = new Watched();
  t.teardown(() => watched.supervisor.stop());
  const server = await serverSpec();
  await watched.supervisor.apply(planOf(server, [barsUnit('a')], [barsPath('a')]));
  await watched.until('ready', () => watched.supervisor.status().ready);
  const { pid } = watched.unit('server');
  await until('the file is gone', () => readdirSync(`/proc/${pid}/cwd/`).length === 0);
  // A path more: the server goes on without its file, and what it was told later holds too.
  await watched.supervisor.apply(
    planOf(server, [barsUnit('a'), barsUnit('b')], [barsPath('a'), barsPath('b')]),
  );
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.equal(watched.unit('server').pid, pid);
  t.equal(watched.unit('server').restarts, 0);
});

t.test('a folder for temporary files that is none', async (t) => {
  const { TMPDIR } = process.env;
  const folder = `${t.testdir()}/missing`;
  process.env['TMPDIR'] = folder;
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  const watched = new Watched();
  await t.rejects(watched.supervisor.apply(planOf(await serverSpec(), [])), {
    code: 'RELAY_UNIT_FAILED',
    message: new RegExp(`no file can be written to ${folder}`),
  });
  await watched.supervisor.stop();
});

t.test('a server that is not one', async (t) => {
  const watched = new Watched({ binaries: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', server: 'false' } });
  await t.rejects(watched.supervisor.apply(planOf(await serverSpec(), [])), { code: 'RELAY_UNIT_FAILED' });
  const none = new Watched({ binaries: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', server: undefined } });
  await t.rejects(none.supervisor.apply(planOf(await serverSpec(), [])), { code: 'RELAY_BINARY_MISSING' });
  await Promise.all([watched.supervisor.stop(), none.supervisor.stop()]);
});

t.test('paths come, change and go while others run on', async (t) => {
  const watched = new Watched();
  t.teardown(() => watched.supervisor.stop());
  const server = await serverSpec();
  const base = { units: [barsUnit('a')], path: barsPath('a') };
  await watched.supervisor.apply(
    planOf(server, base.units, [base.path, barsPath('b', { from: { by: 'public' } })]),
  );
  await watched.until('ready', () => watched.supervisor.status().ready);
  const { pid } = watched.unit('a');

  const sink = await freePort();
  const forwarded = { ...base.path, forward: [`rtmp://127.0.0.1:${sink}/app/key`] };
  const open = barsPath('c/d', { from: { by: 'public' }, alwaysAvailable: null });
  t.strictSame(await watched.supervisor.apply(planOf(server, base.units, [forwarded, open])), []);
  const forwards = () => watched.supervisor.status().paths[0]!.forward[0]!;
  await watched.until('the copy is tried', () => forwards().state === 'error');
  t.match(forwards().error, /refused/);
  t.equal(watched.unit('a').pid, pid);
  t.equal(watched.unit('a').restarts, 0);

  // Anybody here may publish to the path that is open now, and to no other.
  const { port } = server.listen.rtsp as { port: number };
  const publish = (path: string) =>
    spawn(
      'ffmpeg',
      [
        ...[
          '-nostdin',
          '-loglevel',
          'error',
          '-re',
          '-f',
          'lavfi',
          '-i',
          'sine',
          '-c:a',
          'libopus',
          '-f',
          'rtsp',
        ],
        ...['-rtsp_transport', 'tcp', `rtsp://127.0.0.1:${port}/${path}`],
      ],
      { stdio: 'ignore' },
    );
  const refused = publish('a');
  const allowed = publish('c/d');
  t.teardown(() => [refused, allowed].map((child) => child.kill('SIGKILL')));
  await watched.until('online', () => watched.supervisor.status().paths[1]!.online);
  await until('the other is refused', () => refused.exitCode !== null);
  t.not(refused.exitCode, 0);
  t.strictSame(watched.supervisor.status().paths[1]!.tracks, ['Opus']);

  // Another set of tracks means a new path on the server, so its publisher starts anew.
  const other = { ...base.path, alwaysAvailable: null };
  t.strictSame(await watched.supervisor.apply(planOf(server, base.units, [other, open])), ['a']);
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.not(watched.unit('a').pid, pid);
  t.ok(watched.supervisor.status().paths[1]!.online, 'the open path was not touched');
});

t.test('private listeners for what our own processes speak', async (t) => {
  const watched = new Watched();
  t.teardown(() => watched.supervisor.stop());
  const server = await serverSpec({
    listen: { rtsp: false, rtmp: false, hls: false, webrtc: false, srt: false },
  });
  const publisher = barsUnit('deep/one');
  const viaRtmp = barsUnit('solo', {
    args: [...barsUnit('solo').args.slice(0, -2), 'flv', { publish: 'solo', by: 'rtmp' }],
  });
  const reader = ffmpegUnit({
    id: 'copy',
    args: [
      ...[
        '-rtsp_transport',
        'tcp',
        '-i',
        { read: 'deep/one', by: 'rtsp' as const },
        '-c',
        'copy',
        '-f',
        'mpegts',
      ],
      { publish: 'copy', by: 'srt' },
    ],
    reads: ['deep/one'],
    publishes: ['copy'],
  });
  const paths = ['deep/one', 'copy', 'solo'].map((name) => barsPath(name, { alwaysAvailable: null }));
  await watched.supervisor.apply(planOf(server, [reader, publisher, viaRtmp], paths));
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.equal(watched.unit('copy').restarts, 0, 'a reader starts when its path is there');
});

t.test('a camera that the server pulls is back soon after its return', async (t) => {
  const port = await freePort();
  const cameraServer = await serverSpec();
  cameraServer.listen.rtsp = { host: '127.0.0.1', port };
  const camera = async () => {
    const watched = new Watched();
    await watched.supervisor.apply(planOf(cameraServer, [barsUnit('cam')], [barsPath('cam')]));
    await watched.until('the camera is up', () => watched.supervisor.status().ready);
    return watched;
  };
  let there = await camera();
  const watched = new Watched();
  t.teardown(() => Promise.all([there.supervisor.stop(), watched.supervisor.stop()]));
  const url = `rtsp://127.0.0.1:${port}/cam`;
  const path = barsPath('in', { from: { by: 'pull', source: 'cam', url }, alwaysAvailable: null });
  await watched.supervisor.apply(planOf(await serverSpec(), [], [path]));
  const online = () => watched.supervisor.status().paths[0]!.online;
  await watched.until('pulled', online);
  await there.supervisor.stop();
  await watched.until('gone', () => !online());
  // The server by itself would wait 5 s from here.
  there = await camera();
  const at = performance.now();
  await watched.until('back', online);
  t.ok(performance.now() - at < 3000, `back after ${Math.round(performance.now() - at)} ms`);
});

t.test('without MediaMTX: the embedded server', async (t) => {
  const watched = new Watched({
    binaries: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', server: undefined },
    timing: { serverStart: 30_000 }, // run from its source, it is compiled first
  });
  t.teardown(() => watched.supervisor.stop());
  const rtmp = { host: '127.0.0.1', port: await freePort() };
  const hls = { host: '127.0.0.1', port: await freePort() };
  const server = await serverSpec({
    driver: 'node-media-server',
    listen: { rtsp: false, rtmp, hls, webrtc: false, srt: false },
  });
  const args = [...barsUnit('a').args.slice(0, -2), 'flv', { publish: 'lobby/video', by: 'rtmp' as const }];
  const unit = barsUnit('a', { args, publishes: ['lobby/video'] });
  const path = barsPath('lobby/video', { alwaysAvailable: null });
  await watched.supervisor.apply(planOf(server, [unit], [path]));
  await watched.until('ready', () => watched.supervisor.status().ready);
  const answer = await fetch(`http://127.0.0.1:${hls.port}/live/lobby_video.flv`);
  const reader = answer.body!.getReader();
  const { value } = await reader.read();
  t.equal(Buffer.from(value!).subarray(0, 3).toString(), 'FLV');
  await watched.until('a reader', () => watched.supervisor.status().paths[0]!.readers === 1);

  process.kill(watched.unit('a').pid!, 'SIGKILL');
  await watched.until('back', () => watched.unit('a').restarts === 1 && watched.supervisor.status().ready);
  process.kill(watched.unit('server').pid!, 'SIGKILL');
  await watched.until('down', () => !watched.supervisor.status().ready);
  await watched.until('back again', () => watched.supervisor.status().ready);
  await reader.cancel().catch(() => {});
  t.ok(watched.supervisor.status().paths[0]!.online);
});

t.test('the embedded server: once users are named, only they may publish', async (t) => {
  const watched = new Watched({
    binaries: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', server: undefined },
    timing: { serverStart: 30_000 },
  });
  t.teardown(() => watched.supervisor.stop());
  const rtmp = { host: '127.0.0.1', port: await freePort() };
  const server = await serverSpec({
    driver: 'node-media-server',
    listen: { rtsp: false, rtmp, hls: false, webrtc: false, srt: false },
    users: [
      { name: 'obs', password: 'letmein', read: true, publish: true },
      { name: 'viewer', password: 'letmesee', read: true, publish: false },
    ],
  });
  const path = barsPath('stage', { from: { by: 'public' }, alwaysAvailable: null });
  await watched.supervisor.apply(planOf(server, [], [path]));
  const publish = (query: string) => {
    const input = ['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'sine', '-c:a', 'aac'];
    const url = `rtmp://127.0.0.1:${rtmp.port}/live/stage${query}`;
    const child = spawn('ffmpeg', [...input, '-f', 'flv', url], { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  for (const query of ['', '?user=obs&pass=wrong', '?user=viewer&pass=letmesee']) {
    const stranger = publish(query);
    await until(
      'it is refused',
      () => stranger.exitCode !== null || watched.supervisor.status().paths[0]!.online,
    );
    t.notOk(watched.supervisor.status().paths[0]!.online, `refused: ${query || 'anonymous'}`);
  }
  publish('?user=obs&pass=letmein');
  await watched.until('online', () => watched.supervisor.status().paths[0]!.online);
});

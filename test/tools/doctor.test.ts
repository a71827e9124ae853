import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { examine, examinePorts, print } from '../../src/tools/doctor.ts';
import { cachedProgram } from '../../src/tools/mediamtx.ts';
import { fakeFfmpeg, fakeFfprobe, fakeMediamtx } from '../fixtures/programs.ts';
import { serve } from './support.ts';

t.test('everything in place', async (t) => {
  const folder = t.testdir();
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), FFMPEG_PATH: fakeFfmpeg(folder).path, PATH: '' };
  fakeFfprobe(folder);
  fakeMediamtx(cachedProgram(env));
  const findings = await examine({ env });
  const states = Object.fromEntries(findings.map(({ name, state }) => [name, state]));
  t.match(states, {
    node: 'ok',
    ffmpeg: 'ok',
    'ffmpeg can': 'ok',
    font: 'ok',
    ffprobe: 'ok',
    mediamtx: 'ok',
  });
  t.match(print(findings), /^ok {4}ffmpeg +5\.1\.9 at .* \(FFMPEG_PATH\)$/m);
});

t.test('each lack has its remedy', async (t) => {
  const folder = t.testdir();
  const poor = fakeFfmpeg(join(folder, 'poor'), { encoders: ['libx264', 'aac'] });
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'poor') };
  const findings = await examine({ env, nodeVersion: '18.20.1' });
  const by = (name: string) => findings.find((finding) => finding.name === name);
  t.match(by('node'), { state: 'missing', remedy: /20\.19/ });
  t.match(by('ffmpeg can'), { state: 'warn', detail: /lacks libopus: no AAC sound over WebRTC/ });
  t.match(by('ffprobe'), {
    state: 'missing',
    detail: new RegExp(`beside ffmpeg: ${join(folder, 'poor', 'ffprobe')}`),
  });
  t.match(by('mediamtx'), { state: 'missing', remedy: 'relay install mediamtx' });
  t.match(print(findings), /^FAIL {2}node +18\.20\.1 is too old\n +→ install Node\.js/m);
  t.ok(poor.calls().length > 0);
});

t.test('ports', async (t) => {
  const listen = { rtsp: false, rtmp: false, hls: false, webrtc: false, srt: false } as const;
  const server = { driver: 'mediamtx', users: [] } as const;
  const config = (port: number, api: number | false = false) => ({
    server: { ...server, users: [], listen: { ...listen, rtsp: { host: '127.0.0.1', port } } },
    api: { listen: api === false ? (false as const) : { host: '127.0.0.1', port: api } },
  });
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  t.match(await examinePorts(config(port)), [
    { name: 'rtsp port', state: 'missing', detail: /in use/, remedy: /stop/ },
  ]);
  await new Promise((done) => other.close(done));
  t.match(await examinePorts(config(port)), [{ name: 'rtsp port', state: 'ok', detail: /is free/ }]);

  const gateway = await serve(t, (_request, response) => void response.end('{"live":true}'));
  t.match(await examinePorts(config(port, Number(new URL(gateway).port))), [
    { state: 'ok', detail: /running/ },
  ]);
});

/** The pure parts: what is in a server's file, in a URL, and what differs between two plans. */
import t from 'tap';
import { childEnv } from '../../src/children/env.ts';
import type { FfmpegUnit, Plan } from '../../src/plan/types.ts';
import { diffPaths, diffPlans } from '../../src/units/diff.ts';
import { endpointOf, endpointOfInput } from '../../src/units/knock.ts';
import { createRuntime, createSecrets, needs, resolveArg } from '../../src/units/runtime.ts';
import { pathConfig, serverConfig } from '../../src/units/server-config.ts';
import { StartGate } from '../../src/units/start-gate.ts';
import { barsPath, barsUnit, ffmpegUnit, planOf, serverSpec } from './support.ts';

const pull = barsPath('cam', {
  from: { by: 'pull', source: 'cam', url: 'rtsp://u:p@192.0.2.1/x' },
  alwaysAvailable: null,
});

t.test('server file', async (t) => {
  const server = await serverSpec();
  const open = barsPath('drop.in', { from: { by: 'public' } });
  const plan = planOf(server, [barsUnit('a')], [barsPath('a'), pull, open]);
  const runtime = await createRuntime(plan, createSecrets());
  const config = serverConfig(plan, runtime) as Record<string, never>;
  for (const key of ['moq', 'pprof', 'playback', 'metrics', 'rtmp', 'hls', 'webrtc'])
    t.equal(config[key], false, key);
  t.equal(config['srt'], true, 'our publishers need it');
  t.match(config['srtAddress'], /^127\.0\.0\.1:\d+$/);
  t.match(config['apiAddress'], /^127\.0\.0\.1:\d+$/);
  t.match(config['authInternalUsers'], [
    {
      user: 'relay-gw-media',
      ips: ['127.0.0.1', '::1'],
      permissions: [{ action: 'publish' }, { action: 'read' }],
    },
    { user: 'relay-gw-control', ips: ['127.0.0.1', '::1'], permissions: [{ action: 'api' }] },
    { user: 'any', permissions: [{ action: 'read' }, { action: 'publish', path: '~^(drop\\.in)$' }] },
  ]);
  t.strictSame(config['paths'], {
    a: {
      source: 'publisher',
      overridePublisher: true,
      alwaysAvailable: true,
      alwaysAvailableTracks: [{ codec: 'H264' }],
      forward: [],
    },
    cam: {
      source: 'rtsp://u:p@192.0.2.1/x',
      rtspTransport: 'tcp',
      sourceOnDemand: false,
      sourceOnDemandCloseAfter: '10s',
      forward: [],
    },
    'drop.in': pathConfig(open),
  });
  const recorded = barsPath('a', { record: { ring: '/rec/.relay/ring' } });
  t.strictSame(
    pathConfig(recorded),
    pathConfig(barsPath('a')),
    'nothing is recorded unless the recorder says so',
  );
  const on = {
    record: true,
    recordPath: '/rec/.relay/ring/%path/%s-%f',
    recordFormat: 'fmp4',
    recordPartDuration: '500ms',
    recordSegmentDuration: '4s',
    recordDeleteAfter: '0s',
  };
  t.strictSame(pathConfig(recorded, { ring: '/rec/.relay/ring' }), { ...pathConfig(recorded), ...on });
  const again = serverConfig(
    { ...plan, paths: [recorded, pull] },
    runtime,
    new Map([['a', '/rec/.relay/ring']]),
  );
  t.match(again, { paths: { a: on } });
  t.strictSame((again['paths'] as Record<string, unknown>)['cam'], pathConfig(pull));
  t.notSame(
    pathConfig(pull, { nonce: 1 }),
    pathConfig(pull),
    'the server only starts a path anew when something differs',
  );
});

t.test('users', async (t) => {
  const server = await serverSpec({
    users: [
      { name: 'eve', password: 'plain-1', read: ['a'], publish: ['in', 'a'] },
      { name: 'bob smith', password: 'päss', read: true, publish: true },
      { name: 'sue', password: 'x', read: [], publish: false },
    ],
    listen: {
      rtsp: { host: '', port: 8554 },
      rtmp: false,
      hls: false,
      webrtc: { host: '192.0.2.7', port: 8889 },
      srt: false,
    },
  });
  const plan = planOf(server, [], [barsPath('a'), barsPath('in', { from: { by: 'public' } })]);
  const config = serverConfig(plan, await createRuntime(plan, createSecrets())) as Record<string, unknown>;
  t.match(config, {
    rtspAddress: ':8554',
    webrtcLocalUDPAddress: ':8189',
    webrtcIPsFromInterfaces: true,
  });
  const users = config['authInternalUsers'] as { user: string; pass: string; permissions: unknown }[];
  t.equal(users.length, 5, 'nobody is let in without a name');
  t.strictSame(users[2], {
    user: 'eve',
    pass: 'plain-1',
    ips: [],
    permissions: [
      { action: 'read', path: '~^(a)$' },
      { action: 'publish', path: '~^(in)$' },
    ],
  });
  t.match([users[3]!.user, users[3]!.pass], [/^sha256:/, /^sha256:/]);
  t.strictSame(users[4]!.permissions, []);
  t.match(users[0], { ips: ['127.0.0.1', '::1', '192.0.2.7'] });
});

t.test('arguments', async (t) => {
  const server = await serverSpec();
  const args = [
    { join: ['[f=x]', { publish: 'a/b', by: 'srt' as const }, '|', { publish: 'c', by: 'rtmp' as const }] },
  ];
  const plan = planOf(server, [ffmpegUnit({ id: 'u', args: [...args, { read: 'r', by: 'rtsp' }] })]);
  t.strictSame([...needs(plan)].sort(), ['rtmp', 'rtsp', 'srt']);
  const runtime = await createRuntime(plan, createSecrets());
  const { user, password } = runtime.secrets.media;
  const text = resolveArg(args[0]!, runtime, 'mediamtx');
  t.match(
    text,
    new RegExp(
      `^\\[f=x\\]srt://127\\.0\\.0\\.1:\\d+\\?streamid=publish:a/b:${user}:${password}&latency=20000&pkt_size=1316\\|`,
    ),
  );
  t.match(text, new RegExp(`\\|rtmp://127\\.0\\.0\\.1:\\d+/c\\?user=${user}&pass=${password}$`));
  const { port } = server.listen.rtsp as { port: number };
  t.equal(
    resolveArg({ read: 'r', by: 'rtsp' }, runtime, 'mediamtx'),
    `rtsp://${user}:${password}@127.0.0.1:${port}/r`,
  );
  t.match(
    resolveArg({ publish: 'a/b', by: 'srt' }, runtime, 'node-media-server'),
    /^rtmp:\/\/127\.0\.0\.1:\d+\/live\/a_b\?/,
  );
  t.throws(
    () =>
      resolveArg(
        { publish: 'a', by: 'rtmp' },
        { ...runtime, listen: { ...runtime.listen, rtmp: false } },
        'mediamtx',
      ),
    { code: 'RELAY_STATE' },
  );
});

t.test('plans', async (t) => {
  const server = await serverSpec();
  const from: Plan = planOf(
    server,
    [barsUnit('a'), barsUnit('b'), barsUnit('c')],
    ['a', 'b', 'c'].map((name) => barsPath(name)),
  );
  t.strictSame(diffPlans(from, structuredClone(from)), { server: false, stop: [], start: [], restart: [] });
  const to = structuredClone(from);
  to.units[0]!.why = ['another reason'];
  to.units[0]!.routes = ['a', 'z'];
  (to.units[1] as FfmpegUnit).args = ['-i', 'x'];
  to.units[2] = barsUnit('d');
  to.paths[2] = barsPath('d');
  t.strictSame(diffPlans(from, to), { server: false, stop: ['c'], start: ['d'], restart: ['b'] });

  const forwarded = structuredClone(from);
  forwarded.paths[0]!.forward = ['rtmp://h/x'];
  t.strictSame(diffPlans(from, forwarded).restart, []);
  t.match(diffPaths(from.paths, forwarded.paths), { add: [], replace: [], cut: [] });
  const recorded = structuredClone(from);
  recorded.paths[0]!.record = { ring: '/rec/.relay/ring' };
  t.strictSame(diffPlans(from, recorded), { server: false, stop: [], start: [], restart: [] });
  t.match(diffPaths(from.paths, recorded.paths), { add: [], replace: [], cut: [] }, 'nobody is cut');

  const other = structuredClone(from);
  other.paths[0]!.alwaysAvailable = null;
  t.strictSame(diffPlans(from, other).restart, ['a'], 'its path is cut');
  const moved = { ...structuredClone(from), server: await serverSpec() };
  t.strictSame(diffPlans(from, moved), { server: true, stop: [], start: [], restart: ['a', 'b', 'c'] });
  const rtmp = structuredClone(from);
  (rtmp.units[0] as { args: unknown[] }).args.push({ publish: 'a', by: 'rtmp' });
  t.ok(diffPlans(from, rtmp).server, 'a listener more');
  const opened = structuredClone(from);
  opened.paths.push(barsPath('in', { from: { by: 'public' } }));
  t.notOk(diffPlans(from, opened).server, 'who may publish changes while it runs');
});

t.test('where to knock', async (t) => {
  t.strictSame(endpointOf('rtsp://admin:p@s%s@192.0.2.1/x'), { host: '192.0.2.1', port: 554 });
  t.strictSame(endpointOf('rtsps://h:7000/x'), { host: 'h', port: 7000 });
  t.strictSame(endpointOf('rtmp://[::1]/live/a'), { host: '::1', port: 1935 });
  t.strictSame(endpointOf('http://h/a.m3u8?x=b@c'), { host: 'h', port: 80 });
  for (const none of ['srt://h:1', 'udp://h:1', 'clip.mp4', '/dev/video0', 'rtsp://'])
    t.equal(endpointOf(none), undefined);
  t.strictSame(endpointOfInput(['-i', 'clip.mp4', '-i', 'rtsp://h/x', 'rtmp://out/x']), {
    host: 'h',
    port: 554,
  });
  t.equal(endpointOfInput(['-i', 'clip.mp4', 'rtmp://out/x']), undefined);
});

t.test('few starts at a time', async (t) => {
  const gate = new StartGate(2, 300);
  const { signal } = new AbortController();
  const [one, two] = await Promise.all([gate.acquire(signal, false), gate.acquire(signal, false)]);
  const order: string[] = [];
  const late = gate.acquire(signal, false).then(() => order.push('late'));
  const stopped = new AbortController();
  const gone = gate.acquire(stopped.signal, false);
  const first = gate.acquire(signal, true).then(() => order.push('first'));
  stopped.abort();
  t.equal(await gone, undefined);
  t.ok(gate.busy);
  one!.release();
  one!.release();
  await first;
  t.strictSame(order, ['first'], 'one release lets one in');
  await late; // two never releases: its time is up
  t.strictSame(order, ['first', 'late']);
  two!.release();
});

t.test('the environment of children', async (t) => {
  const env = {
    PATH: '/bin',
    LC_ALL: 'C',
    MTX_API: 'yes',
    RTSP_PORT: '1',
    FFREPORT: 'x',
    NODE_OPTIONS: 'x',
    SECRET: 'x',
  };
  t.strictSame(childEnv(env), { PATH: '/bin', LC_ALL: 'C' });
});

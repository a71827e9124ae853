import t from 'tap';
import { diagnose, problems, read, routes, settings, sources } from './support.ts';

t.test('defaults', async (t) => {
  const config = read(routes('cam: cam'));
  t.match(config, {
    server: {
      driver: 'mediamtx',
      listen: {
        rtsp: { host: '127.0.0.1', port: 8554 },
        rtmp: { host: '127.0.0.1', port: 1935 },
        hls: { host: '127.0.0.1', port: 8888 },
        webrtc: { host: '127.0.0.1', port: 8889 },
        srt: false,
      },
      users: [],
    },
    tools: {},
    api: { listen: { host: '127.0.0.1', port: 9980 } },
    stall: 5,
    secrets: [],
  });
  t.match(config.file, /^\/.*\/relay\.yaml$/);
  t.strictSame(config.sources['cam'], { kind: 'url', url: 'rtsp://192.0.2.1/x', transport: 'tcp' });
  t.strictSame(config.routes['cam'], {
    name: 'cam',
    from: 'cam',
    split: false,
    video: { mode: 'auto' },
    audio: { mode: 'auto' },
    to: [{ kind: 'path', path: 'cam' }],
  });
  t.equal(Object.getPrototypeOf(config.sources), null);
  t.equal(Object.getPrototypeOf(config.routes), null);
});

t.test('settings', async (t) => {
  const { server, api, stall, tools } = read(
    settings(
      'server:',
      '  driver: node-media-server',
      '  rtsp: ":8554"',
      '  rtmp: "[::1]:1936"',
      '  hls: localhost:80',
      '  webrtc: false',
      '  binary: bin/mediamtx',
      '  users: [{ name: bob, password: geheim, read: [cam] }, { name: eve, password: geheim, publish: true }]',
      'tools: { ffmpeg: /usr/bin/ffmpeg, ffprobe: bin/ffprobe }',
      'api: { listen: false }',
      'stall: 10s',
    ),
  );
  t.match(server.listen, {
    rtsp: { host: '', port: 8554 },
    rtmp: { host: '::1', port: 1936 },
    hls: { host: '127.0.0.1', port: 80 },
    webrtc: false,
  });
  t.equal(server.driver, 'node-media-server');
  t.match(server.binary, /^\/.*\/bin\/mediamtx$/);
  t.strictSame(server.users, [
    { name: 'bob', password: 'geheim', read: ['cam'], publish: false },
    { name: 'eve', password: 'geheim', read: true, publish: true },
  ]);
  t.equal(tools.ffmpeg, '/usr/bin/ffmpeg');
  t.match(tools.ffprobe, /^\/.*\/bin\/ffprobe$/);
  t.equal(api.listen, false);
  t.equal(stall, 10);
});

t.test('short and long forms of routes', async (t) => {
  const { routes: all } = read(
    routes(
      'a: cam',
      'b: { from: a, to: b/marked }',
      'c: { from: cam, to: rtmp://live.example/app/key }',
      'd: { from: cam, to: [d, d2, "rtsp://h/x"], split: true }',
      'e: { from: cam, video: none, audio: opus }',
      'f: { from: cam, video: { codec: hevc, gop: 500ms, bitrate: 500k, size: 1280x720, fps: 12.5 }, audio: none }',
      'g: { from: cam, video: h264, audio: { bitrate: 64k, sampleRate: 48000, channels: 2 } }',
    ),
  );
  t.strictSame(all['b']?.to, [{ kind: 'path', path: 'b/marked' }]);
  t.strictSame(all['c']?.to, [
    { kind: 'path', path: 'c' },
    { kind: 'remote', url: 'rtmp://live.example/app/key' },
  ]);
  t.strictSame(all['d']?.to, [
    { kind: 'path', path: 'd' },
    { kind: 'path', path: 'd2' },
    { kind: 'remote', url: 'rtsp://h/x' },
  ]);
  t.strictSame(all['e']?.video, { mode: 'none' });
  t.strictSame(all['e']?.audio, { mode: 'encode', codec: 'opus' });
  t.strictSame(all['f']?.video, {
    mode: 'encode',
    codec: 'hevc',
    gop: 0.5,
    bitrate: 500_000,
    size: { width: 1280, height: 720 },
    fps: 12.5,
  });
  t.strictSame(all['g']?.video, { mode: 'encode', codec: 'h264', gop: 2 });
  t.strictSame(all['g']?.audio, {
    mode: 'encode',
    codec: 'aac',
    bitrate: 64_000,
    sampleRate: 48_000,
    channels: 2,
  });
});

t.test('anchors and aliases share settings', async (t) => {
  const text =
    'sources: { a: rtsp://h/x }\nroutes:\n  a: { from: a, video: &v { codec: h264 } }\n  b: { from: a, video: *v }';
  t.strictSame(read(text).routes['b']?.video, { mode: 'encode', codec: 'h264', gop: 2 });
});

t.test('names that look like other things', async (t) => {
  const text = 'sources: { 007: rtsp://h/x, null: rtsp://h/y }\nroutes: { 007: "007", on: "null" }';
  t.strictSame(Object.keys(read(text).sources).sort(), ['007', 'null']);
});

/** [what, file, each problem as line:column path: message] */
const faults: [string, string, string[]][] = [
  ['unknown key at the top', settings('sauces: {}'), ['1:1 sauces: unknown key "sauces"']],
  [
    'unknown key of a route',
    routes('cam:', '  from: cam', '  splitt: true'),
    ['6:5 routes.cam.splitt: unknown key "splitt"'],
  ],
  [
    'unknown inner key of a kind',
    sources('f: { file: x.mp4, lopp: true }'),
    ['4:21 sources.f.lopp: unknown key "lopp"'],
  ],
  [
    'unknown kind',
    sources('f: { fil: x.mp4 }'),
    [
      '4:6 sources.f: has no kind; did you mean "file"? one of these keys says what it is: url, file, image, desktop, device, test, publish, merge',
    ],
  ],
  [
    'two kinds',
    sources('f: { file: x.mp4, image: y.png }'),
    ['4:6 sources.f: is of two kinds at once: file and image'],
  ],
  [
    'wrong type',
    sources('f: { file: x.mp4, loop: 3 }'),
    ['4:27 sources.f.loop: expected true or false, got 3'],
  ],
  [
    'out of range',
    sources('f: { test: bars, fps: 1000 }'),
    ['4:25 sources.f.fps: must be at most 120, got 1000'],
  ],
  [
    'not one of',
    routes('cam: { from: cam, video: { codec: h265 } }'),
    ['4:37 routes.cam.video.codec: expected one of h264, hevc, got "h265"'],
  ],
  [
    'not a switch',
    routes('cam: { from: cam, split: maybe }'),
    ['4:28 routes.cam.split: expected true or false, got "maybe"'],
  ],
  [
    'number as text',
    settings('server: { users: [{ name: bob, password: 12345 }] }'),
    ['1:42 server.users.0.password: expected text, got a number'],
  ],
  ['missing key', routes('cam:', '  split: true'), ['4:3 routes.cam.from: is missing']],
  ['missing inner key', sources('m: { merge: { video: cam } }'), ['4:8 sources.m.merge.audio: is missing']],
  ['empty route', routes('cam:'), ['4:3 routes.cam: is empty']],
  ['no routes', 'sources: {}', ['1:1 routes: there are no routes, so nothing would be served']],
  ['list for a map', 'routes: [a]', ['1:9 routes: expected a map of routes by name']],
  ['duplicate key', routes('cam: cam', 'cam: cam'), ['5:3 routes.cam: the key "cam" stands here twice']],
  ['unsafe key', sources('__proto__: { file: x }'), ['4:3 sources.__proto__: "__proto__" can not be a key']],
  [
    'unsafe part of a name',
    routes('a/constructor: cam'),
    ['4:3 routes.a/constructor: this can not be the name of a route: "constructor" can not be a name'],
  ],
  [
    'a name that is every path to the media server',
    routes('cam: { from: cam, to: [all, all/x] }', 'all_others: cam'),
    [
      '4:26 routes.cam.to.0: this is neither a path nor the URL of a remote server: "all" can not be a name',
      '5:3 routes.all_others: this can not be the name of a route: "all_others" can not be a name',
    ],
  ],
  [
    'paths that are one to the embedded server',
    'server: { driver: node-media-server }\nsources: { cam: rtsp://h/x }\nroutes: { a/b: cam, a_b: cam }',
    ['3:26 routes.a_b: the paths "a/b" and "a_b" are one to node-media-server'],
  ],
  [
    'a password that is read as an alias',
    settings('server: { users: [{ name: bob, password: *hunter22 }] }'),
    ['1:42 server.users.0.password: no value before this one has this anchor'],
  ],
  [
    'unsafe path',
    routes('cam: { from: cam, to: prototype }'),
    [
      '4:25 routes.cam.to: this is neither a path nor the URL of a remote server: "prototype" can not be a name',
    ],
  ],
  [
    'reserved driver',
    settings('server: { driver: external }'),
    ['1:19 server.driver: "external" is not available in this version'],
  ],
  [
    'unknown source',
    routes('cam: { from: cma }'),
    ['4:16 routes.cam.from: there is no source and no route "cma"'],
  ],
  ['unknown source, short', routes('cam: cma'), ['4:8 routes.cam: there is no source and no route "cma"']],
  ['route from itself', routes('door: door'), ['4:9 routes.door: there is no source "door"']],
  [
    'cycle',
    routes('a: { from: b }', 'b: c', 'c: a'),
    ['4:14 routes.a.from: goes round in a circle: a → b → c → a'],
  ],
  [
    'cycle through a merge',
    'sources: { m: { merge: { video: r/video, audio: r/audio } } }\nroutes: { r: { from: m, split: true } }',
    ['2:22 routes.r.from: goes round in a circle: r → m → r'],
  ],
  [
    'merge without split',
    sources('m: { merge: { video: cam/video, audio: cam } }'),
    ['4:24 sources.m.merge.video: route "cam" does not serve its video by itself'],
  ],
  [
    'merge of nothing',
    sources('m: { merge: { video: cma, audio: cam } }'),
    ['4:24 sources.m.merge.video: no route serves "cma"'],
  ],
  [
    'merge of a source',
    sources('x: rtsp://h/x', 'm: { merge: { video: x, audio: cam } }'),
    ['5:24 sources.m.merge.video: no route serves "x"'],
  ],
  [
    'path served twice',
    routes('a: { from: cam, to: b }', 'b: cam'),
    ['5:3 routes.b: the path "b" is served by route "a" already'],
  ],
  [
    'path served twice, in a list',
    routes('b: cam', 'a: { from: cam, to: [a, b] }'),
    ['5:27 routes.a.to.1: the path "b" is served by route "b" already'],
  ],
  [
    'split path served twice',
    routes('a/video: cam', 'a: { from: cam, split: true }'),
    ['5:26 routes.a.split: the path "a/video" is served by route "a/video" already'],
  ],
  ['same sink twice', routes('a: { from: cam, to: [b, b] }'), ['4:27 routes.a.to.1: stands here twice']],
  [
    'neither path nor URL',
    routes('a: { from: cam, to: "a b" }'),
    [
      '4:23 routes.a.to: this is neither a path nor the URL of a remote server: a name has letters, digits, _ and -, at most 64 in each part, and at most 8 parts with / between them',
    ],
  ],
  [
    'remote by http',
    routes('a: { from: cam, to: "http://h/x" }'),
    [
      '4:23 routes.a.to: "http:" can not be opened here; expected a URL that starts with rtmp://, rtmps://, rtsp://, rtsps://, srt://, whip://, whips://',
    ],
  ],
  [
    'remote at a metadata address',
    routes('a: { from: cam, to: ["rtmp://169.254.169.254/x"] }'),
    ['4:24 routes.a.to.0: link-local and metadata addresses are refused'],
  ],
  [
    'name with ..',
    routes('../a: cam'),
    [
      '4:3 routes.../a: this can not be the name of a route: a name has letters, digits, _ and -, at most 64 in each part, and at most 8 parts with / between them',
    ],
  ],
  [
    'publish path twice',
    sources('p: { publish: true }', 'q: { publish: p }'),
    ['5:17 sources.q.publish: another source waits at the path "p"'],
  ],
  [
    'publish to ..',
    sources('p: { publish: ../x }'),
    [
      '4:17 sources.p.publish: a name has letters, digits, _ and -, at most 64 in each part, and at most 8 parts with / between them',
    ],
  ],
  [
    'nothing left',
    routes('a: { from: cam, video: none, audio: none }'),
    ['4:39 routes.a.audio: neither picture nor sound would be left'],
  ],
  [
    'nothing to split',
    routes('a: { from: cam, video: none, split: true }'),
    ['4:39 routes.a.split: there is nothing to split without video'],
  ],
  [
    'open to the network',
    settings('server: { rtsp: ":8554", hls: "0.0.0.0:8888", rtmp: "[::]:1935" }'),
    [
      '1:17 server.rtsp: everybody on the network could watch and publish here',
      '1:31 server.hls: everybody on the network could watch and publish here',
      '1:53 server.rtmp: everybody on the network could watch and publish here',
    ],
  ],
  ['empty users', settings('server: { users: [] }'), ['1:18 server.users: must not be empty']],
  [
    'user called any',
    settings('server: { users: [{ name: any, password: geheim }] }'),
    ['1:27 server.users.0.name: "any" can not be a user name'],
  ],
  [
    'hashed password',
    settings('server: { users: [{ name: bob, password: "sha256:x" }] }'),
    ['1:42 server.users.0.password: a password can not hold ":": RTSP players could not log in with it'],
  ],
  [
    'user twice',
    settings('server: { users: [{ name: b, password: x }, { name: b, password: x }] }'),
    ['1:53 server.users.1.name: there are two users "b"'],
  ],
  [
    'user of an unknown path',
    settings('server: { users: [{ name: b, password: x, read: [cma], publish: [cam] }] }'),
    [
      '1:50 server.users.0.read.0: no route serves "cma"',
      '1:66 server.users.0.publish.0: no publish source has the path "cam"',
    ],
  ],
  [
    'API on the network',
    settings('api: { listen: ":9980" }'),
    ['1:16 api.listen: the API listens on this machine only in this version'],
  ],
  [
    'port used twice',
    settings('server: { rtmp: "127.0.0.1:8554" }'),
    ['1:17 server.rtmp: port 8554 is taken by server.rtsp'],
  ],
  [
    'port of the API',
    settings('server: { hls: "127.0.0.1:9980" }'),
    ['1:1 api.listen: port 9980 is taken by server.hls'],
  ],
  [
    'port out of range',
    settings('server: { rtsp: "127.0.0.1:70000" }'),
    ['1:17 server.rtsp: a port is a number from 1 to 65535'],
  ],
  [
    'address without port',
    settings('server: { rtsp: 127.0.0.1 }'),
    [
      '1:17 server.rtsp: expected an address such as "127.0.0.1:8554"; ":8554" listens on every interface, got "127.0.0.1"',
    ],
  ],
  [
    'port as a number',
    settings('server: { rtsp: 8554 }'),
    [
      '1:17 server.rtsp: expected an address such as "127.0.0.1:8554" (":8554" listens on every interface), or false, got 8554',
    ],
  ],
  [
    'duration without unit',
    settings('stall: 5'),
    ['1:8 stall: expected a duration such as 500ms, 2s, 1m or 1h, got 5'],
  ],
  ['duration too short', settings('stall: 500ms'), ['1:8 stall: must be between 3s and 60s, got "500ms"']],
  [
    'odd size',
    routes('a: { from: cam, video: { size: 641x480 } }'),
    ['4:34 routes.a.video.size: width and height must be even'],
  ],
  [
    'bad bit rate',
    routes('a: { from: cam, video: { bitrate: 2MB } }'),
    ['4:37 routes.a.video.bitrate: expected a bit rate such as 500k or 2M, got "2MB"'],
  ],
  [
    'opus at 44100 Hz',
    routes('a: { from: cam, audio: { codec: opus, sampleRate: 44100 } }'),
    ['4:53 routes.a.audio.sampleRate: opus knows 8000, 12000, 16000, 24000 and 48000 Hz'],
  ],
  [
    'file name as a source',
    sources('f: media/x.mp4'),
    [
      '4:6 sources.f: expected a URL that starts with rtsp://, rtsps://, rtmp://, rtmps://, srt://, http://, https://',
    ],
  ],
  [
    'command as a source',
    sources('f: exec:id', 'g: { url: "exec:id" }'),
    [
      '4:6 sources.f: "exec:" can not be opened here; expected a URL that starts with rtsp://, rtsps://, rtmp://, rtmps://, srt://, http://, https://',
      '5:13 sources.g.url: "exec:" can not be opened here; expected a URL that starts with rtsp://, rtsps://, rtmp://, rtmps://, srt://, http://, https://',
    ],
  ],
  [
    'metadata address',
    sources('f: http://169.254.169.254/x'),
    ['4:6 sources.f: link-local and metadata addresses are refused'],
  ],
  [
    'own API, moved',
    settings('api: { listen: "127.0.0.1:7000" }').replace('192.0.2.1', 'localhost:7000'),
    ["2:17 sources.cam: this is the gateway's own API (api.listen)"],
  ],
  [
    'variable not set',
    sources('f: "rtsp://a:${NONE}@h/"'),
    ['4:6 sources.f: the environment variable NONE is not set'],
  ],
  [
    'several errors in one route',
    routes('a: { from: cma, splitt: 1, video: { gop: 2 } }'),
    [
      '4:14 routes.a.from: there is no source and no route "cma"',
      '4:19 routes.a.splitt: unknown key "splitt"',
      '4:44 routes.a.video.gop: expected a duration such as 500ms, 2s, 1m or 1h, got 2',
    ],
  ],
];
for (const [what, text, expected] of faults) t.strictSame(problems(text), expected, what);

t.test('one line for each error, with what helps', async (t) => {
  const text = routes('lobby:', '  from: lobyb', '  splitt: true').replace('cam:', 'lobby:');
  const message = `relay.yaml:5:11 error routes.lobby.from: there is no source and no route "lobyb"; did you mean "lobby"?
relay.yaml:6:5 error routes.lobby.splitt: unknown key "splitt"; did you mean "split"? allowed: from, split, hook, video, audio, to`;
  t.throws(() => read(text), { code: 'RELAY_CONFIG_INVALID', exitCode: 78, message });
  t.match(diagnose(sources('f: media/x.png'))[0]?.hint, '{ image: media/x.png }');
});

t.test('at most 50 errors', async (t) => {
  t.equal(diagnose(routes(...Array.from({ length: 200 }, (_, index) => `r${index}: nowhere`))).length, 50);
});

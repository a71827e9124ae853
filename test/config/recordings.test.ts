/** Sinks on disk: `segments`, `clips`, `snapshots` and `file` in `to`. */
import t from 'tap';
import { diagnose, problems, read, routes } from './support.ts';

const dir = `${process.cwd()}`;

function sinks(...lines: string[]) {
  return routes('cam:', '  from: cam', '  to:', ...lines.map((line) => `    - ${line}`));
}

t.test('defaults', async (t) => {
  const { to } = read(
    sinks(
      'segments: { dir: rec }',
      'clips: { dir: alarms }',
      'snapshots: { dir: shots }',
      'file: rec/cam.mp4',
    ),
  ).routes['cam']!;
  t.strictSame(to, [
    { kind: 'path', path: 'cam' },
    { kind: 'segments', dir: `${dir}/rec`, every: 60, name: '{unix}', format: 'fmp4' },
    {
      kind: 'clips',
      dir: `${dir}/alarms`,
      on: [],
      before: 5,
      after: 5,
      atMostEvery: 0,
      overlap: 'merge',
      longest: 120,
    },
    {
      kind: 'snapshots',
      dir: `${dir}/shots`,
      every: { by: 'time', seconds: 10 },
      quality: 80,
      name: '{unix}',
    },
    { kind: 'file', path: `${dir}/rec/cam.mp4` },
  ]);
});

t.test('every key', async (t) => {
  const { to } = read(
    sinks(
      'cam/marked',
      'segments: { dir: /rec, every: 5s, name: "{route}-{seq}", format: mkv, keep: 7d, maxSize: 2T, reserve: 100K }',
      'clips: { dir: /alarms, on: person, before: 1m, after: 10m, atMostEvery: 90s, overlap: split, keep: 36h }',
      'clips: { dir: /others, on: [car, door.open], longest: 30s, maxSize: 500M }',
      'snapshots: { dir: /shots, every: { frames: 3 }, quality: 5, size: 640x360, latest: cam.jpg, name: "{utc}" }',
      'snapshots: { dir: /keys, every: keyframes }',
      'file: { path: /one/cam.ts, reserve: 1G }',
    ),
  ).routes['cam']!;
  t.strictSame(to.slice(1), [
    {
      kind: 'segments',
      dir: '/rec',
      every: 5,
      name: '{route}-{seq}',
      format: 'mkv',
      keep: 7 * 86_400,
      maxSize: 2 * 1024 ** 4,
      reserve: 102_400,
    },
    {
      kind: 'clips',
      dir: '/alarms',
      on: ['person'],
      before: 60,
      after: 600,
      atMostEvery: 90,
      overlap: 'split',
      longest: 660,
      keep: 36 * 3600,
    },
    {
      kind: 'clips',
      dir: '/others',
      on: ['car', 'door.open'],
      before: 5,
      after: 5,
      atMostEvery: 0,
      overlap: 'merge',
      longest: 30,
      maxSize: 500 * 1024 ** 2,
    },
    {
      kind: 'snapshots',
      dir: '/shots',
      every: { by: 'frames', frames: 3 },
      quality: 5,
      name: '{utc}',
      size: { width: 640, height: 360 },
      latest: 'cam.jpg',
    },
    { kind: 'snapshots', dir: '/keys', every: { by: 'keyframes' }, quality: 80, name: '{unix}' },
    { kind: 'file', path: '/one/cam.ts', reserve: 1024 ** 3 },
  ]);
  t.strictSame(
    read(routes('cam: { from: cam, to: { file: x.mkv } }')).routes['cam']!.to.map(({ kind }) => kind),
    ['path', 'file'],
    'one sink needs no list',
  );
});

/** [what, sinks, each problem as line:column path: message] */
const faults: [string, string[], string[]][] = [
  [
    'unknown kind',
    ['segment: { dir: x }'],
    [
      '7:9 routes.cam.to.0: is no sink that there is; did you mean "segments"? one of these keys says what it is: segments, clips, snapshots, file',
    ],
  ],
  [
    'two kinds',
    ['segments: { dir: x }\n        clips: { dir: x }'],
    ['7:9 routes.cam.to.0: is of two kinds at once: segments and clips'],
  ],
  [
    'a number',
    ['5'],
    [
      '7:9 routes.cam.to.0: expected a path, the URL of a remote server or one of { segments: … }, { clips: … }, { snapshots: … }, { file: … }, got 5',
    ],
  ],
  [
    'unknown key',
    ['segments: { dir: x, evry: 5s }'],
    ['7:29 routes.cam.to.0.segments.evry: unknown key "evry"'],
  ],
  ['no folder', ['segments: { every: 5s }'], ['7:9 routes.cam.to.0.segments.dir: is missing']],
  ['empty', ['clips:'], ['7:9 routes.cam.to.0.clips: expected a map, got nothing']],
  [
    'not one of',
    ['segments: { dir: x, format: mp4 }'],
    ['7:37 routes.cam.to.0.segments.format: expected one of fmp4, mpegts, mkv, got "mp4"'],
  ],
  [
    'durations',
    ['segments: { dir: x, every: 61m }', 'segments: { dir: y, keep: 7 }'],
    [
      '7:36 routes.cam.to.0.segments.every: must be between 1s and 1h, got "61m"',
      '8:35 routes.cam.to.1.segments.keep: expected a duration such as 500ms, 2s, 1m or 1h, got 7',
    ],
  ],
  [
    'amounts',
    ['segments: { dir: x, maxSize: 5 GB, reserve: 0M }'],
    [
      '7:38 routes.cam.to.0.segments.maxSize: expected an amount of bytes such as 50G or 2G, got "5 GB"',
      '7:53 routes.cam.to.0.segments.reserve: must be between 1K and 1000T, got "0M"',
    ],
  ],
  [
    'clips',
    [
      'clips: { dir: x, on: "a b" }',
      'clips: { dir: y, before: 6m }',
      'clips: { dir: z, longest: 9s }',
      'clips: { dir: w, before: 0s, after: 0s }',
    ],
    [
      '7:30 routes.cam.to.0.clips.on: the name of an event has letters, digits, _ . and -, at most 64',
      '8:34 routes.cam.to.1.clips.before: must be between 0s and 5m, got "6m"',
      '9:35 routes.cam.to.2.clips.longest: must be at least before and after together: 10s, got "9s"',
      '10:45 routes.cam.to.3.clips.after: before and after can not both be 0',
    ],
  ],
  [
    'snapshots',
    [
      'snapshots: { dir: x, every: keyframe }',
      'snapshots: { dir: y, every: { frames: 0 }, quality: 101 }',
      'snapshots: { dir: z, latest: ../x.jpg }',
    ],
    [
      '7:37 routes.cam.to.0.snapshots.every: expected one of 10s, { frames: 250 }, keyframes, got "keyframe"',
      '8:47 routes.cam.to.1.snapshots.every.frames: must be at least 1, got 0',
      '8:61 routes.cam.to.1.snapshots.quality: must be at most 100, got 101',
      '9:38 routes.cam.to.2.snapshots.latest: expected a file name such as lobby.jpg, got "../x.jpg"',
    ],
  ],
  [
    'file',
    ['file: x.avi', 'file: { path: .mp4 }', 'file: [x]'],
    [
      '7:15 routes.cam.to.0.file: expected a file name that ends in .mp4, .mkv or .ts, got "x.avi"',
      '8:23 routes.cam.to.1.file.path: expected a file name that ends in .mp4, .mkv or .ts, got ".mp4"',
      '9:15 routes.cam.to.2.file: expected a file name, or { path: … }, got a list',
    ],
  ],
  [
    'places where nothing is recorded',
    [
      'segments: { dir: / }',
      'file: /x.mp4',
      'file: { path: ./../../../../../../../../../x.ts }',
      'clips: { dir: 100% }',
    ],
    [
      '7:26 routes.cam.to.0.segments.dir: nothing is recorded into the root of the disk',
      '8:15 routes.cam.to.1.file: nothing is recorded into the root of the disk',
      '9:23 routes.cam.to.2.file.path: nothing is recorded into the root of the disk',
      `10:23 routes.cam.to.3.clips.dir: "${dir}/100%" has a %, which stands for values in names of the media server`,
    ],
  ],
  [
    'the same place twice',
    [
      'segments: { dir: x }',
      'segments: { dir: ./x/, every: 5s }',
      'file: x/a.mp4',
      'file: { path: x/../x/a.mp4 }',
    ],
    [
      `8:26 routes.cam.to.1.segments.dir: this route has segments in "${dir}/x" already`,
      `10:15 routes.cam.to.3.file: "${dir}/x/a.mp4" is written by route "cam" already`,
    ],
  ],
];

for (const [what, lines, expected] of faults) {
  t.test(what, async (t) => {
    t.strictSame(problems(sinks(...lines)), expected);
  });
}

t.test('two routes may share a folder, but no file', async (t) => {
  const sink = (key: string) => `{ from: cam, to: { snapshots: { dir: x, latest: ${key}.jpg } } }`;
  t.strictSame(problems(routes(`a: ${sink('a')}`, `b: ${sink('b')}`)), []);
  t.match(problems(routes(`a: ${sink('a')}`, `b: ${sink('a')}`)), [
    /^5:54 routes\.b\.to\.snapshots\.latest: "a.jpg" in ".*x" is written by route "a" already$/,
  ]);
});

t.test('the folder of relay.yaml itself is a folder like others', async (t) => {
  t.strictSame(problems(sinks('segments: { dir: . }')), []);
});

t.test('two that count in one folder', async (t) => {
  const two = (name: string) =>
    ['a', 'b']
      .map(
        (route) => `  ${route}: { from: cam, to: [${route}, { segments: { dir: rec, name: "${name}" } }] }`,
      )
      .join('\n')
      .replace(/^/, 'sources: { cam: rtsp://192.0.2.1/cam }\nroutes:\n');
  t.match(diagnose(two('{seq}')), [
    {
      path: 'routes.b.to.1.segments.name',
      message: /route "a" counts in .*rec" already: both would want the same names/,
      hint: /put \{route\} into the name/,
    },
  ]);
  for (const name of ['{route}-{seq}', '{unix}-{seq}']) t.strictSame(diagnose(two(name)), []);
});

t.test('the embedded server records nothing', async (t) => {
  const text = `server: { driver: node-media-server }\n${sinks('segments: { dir: x }')}`;
  t.match(diagnose(text), [
    {
      path: 'routes.cam.to.0.segments',
      message: /needs the media server mediamtx/,
      hint: 'set driver: mediamtx',
    },
  ]);
});

import t from 'tap';
import type { HookRunner } from '../../src/hooks/spec.ts';
import { planFormats, printPlan } from '../../src/plan/print.ts';
import { hookLabel } from '../../src/plan/print-unit.ts';
import type { Plan } from '../../src/plan/types.ts';
import { hookSpec } from '../support/hook-spec.ts';

const off = { rtsp: false, rtmp: false, hls: false, webrtc: false, srt: false } as const;

const plan: Plan = {
  version: 1,
  server: { driver: 'mediamtx', listen: { ...off, rtsp: { host: '::1', port: 8554 } }, users: [] },
  paths: [
    {
      name: 'lobby',
      route: 'lobby',
      from: { by: 'unit', unit: 'source:cam' },
      alwaysAvailable: [{ codec: 'H264' }],
      forward: ['rtmp://live.example/app'],
    },
    {
      name: 'yard',
      route: 'yard',
      from: { by: 'pull', source: 'yardcam', url: 'rtsp://x' },
      alwaysAvailable: null,
      forward: [],
    },
    { name: 'obs', route: 'obs', from: { by: 'public' }, alwaysAvailable: null, forward: [] },
  ],
  units: [
    {
      id: 'source:cam',
      kind: 'ffmpeg',
      routes: ['lobby', 'other'],
      args: ['-i', "it's", { join: ['a|', { publish: 'lobby', by: 'srt' }] }],
      publishes: ['lobby'],
      reads: [],
      stall: 5,
      restart: 'always',
      source: 'cam',
      why: ['video copied'],
    },
  ],
  routes: [
    {
      name: 'lobby',
      from: 'cam',
      paths: ['lobby'],
      remotes: ['rtmp://live.example/app'],
      tracks: ['H.264'],
      why: ['because'],
    },
    { name: 'yard', from: 'yardcam', paths: ['yard'], remotes: [], tracks: [], why: [] },
  ],
};

t.test('tree', async (t) => {
  t.equal(
    printPlan(plan, 'tree'),
    `server mediamtx  rtsp [::1]:8554

lobby  ← cam  (H.264)
├─ process source:cam (ffmpeg), shared with other
│  └─ video copied
├─ path lobby  from source:cam, readers stay connected while it restarts
│  └─ the server copies it to rtmp://live.example/app
└─ because

yard  ← yardcam  (tracks not known yet)
└─ path yard  fetched by the server itself, no process

2 routes, 3 paths, 1 process`,
  );
});

t.test('argv is quoted for a shell', async (t) => {
  t.equal(
    printPlan(plan, 'argv'),
    `# source:cam
#   video copied
ffmpeg -i 'it'\\''s' 'a|{publish lobby by srt}'`,
  );
});

t.test('mermaid', async (t) => {
  const named = { ...plan, units: plan.units.map((unit) => ({ ...unit, id: 'a"<b>' })) };
  const text = printPlan(named, 'mermaid');
  t.match(text, /^flowchart LR\n/);
  t.match(text, 'n0["ffmpeg a#34;#60;b#62;"]', 'no name can break out of its label');
  t.match(text, '(["a publisher"])');
  t.match(text, '{{"rtmp://live.example/app"}}');
  t.equal(text.match(/-->/g)?.length, 5);
});

const feed: Plan['units'][number] = {
  id: 'feed:yard',
  kind: 'ffmpeg',
  routes: ['yard'],
  args: ['-f', 'nut', { feed: 'hook:yard' }],
  publishes: [],
  reads: ['lobby'],
  feeds: ['hook:yard'],
  stall: 5,
  restart: 'always',
  why: [],
};
const worker: Plan['units'][number] = {
  id: 'hook:yard',
  kind: 'worker',
  routes: ['yard'],
  hook: hookSpec({
    runner: { by: 'module', file: '/site/hooks/people.ts' },
    env: { TOKEN: 'geheim' },
    options: { key: 'geheim' },
  }),
  video: { mode: 'encode', codec: 'h264', gop: 2 },
  outputs: [{ publish: 'yard', by: 'srt' }],
  publishes: ['yard'],
  reads: [],
  stall: 5,
  why: ['because'],
};

t.test('a worker behind its feed', async (t) => {
  const hooked: Plan = { ...plan, units: [feed, worker] };
  t.match(
    printPlan(hooked, 'tree'),
    '├─ process feed:yard (ffmpeg)\n├─ process hook:yard (relay worker, module people.ts)\n│  └─ because',
  );
  t.equal(
    printPlan(hooked, 'argv'),
    `# feed:yard
ffmpeg -f nut '{feed hook:yard}'

# hook:yard
#   because
# relay worker (module people.ts)`,
  );
  const drawing = printPlan(hooked, 'mermaid');
  t.match(drawing, 'n0["ffmpeg feed:yard"]');
  t.match(drawing, 'n2["relay worker hook:yard"]');
  t.match(drawing, /n0 --> n2\n/, 'the feed goes into the worker');
  for (const format of ['tree', 'argv', 'mermaid'] as const) t.notMatch(printPlan(hooked, format), /geheim/);
});

t.test('what a worker runs, without what may be secret', async (t) => {
  const cases: [HookRunner, string][] = [
    [{ by: 'builtin', name: 'motion' }, 'relay:motion'],
    [
      { by: 'command', argv: ['/usr/bin/python3', 'hooks/people.py', '--key=x'], dir: '/' },
      'command python3 people.py',
    ],
    [{ by: 'command', argv: ['detect', '--key=a.py'], dir: '/' }, 'command detect'],
    [{ by: 'command', argv: ['detect', 'geheim'], dir: '/' }, 'command detect'],
    [
      { by: 'http', url: 'http://u:p@h:5000/x?key=y', dialect: { name: 'jpeg' }, quality: 80, inFlight: 1 },
      'http h:5000',
    ],
  ];
  for (const [runner, text] of cases) t.equal(hookLabel(runner), text);
});

t.test('json is the plan', async (t) => {
  t.strictSame(JSON.parse(printPlan(plan, 'json')), plan);
  for (const format of planFormats) t.notMatch(printPlan(plan, format), /\n$/, 'the caller ends the line');
});

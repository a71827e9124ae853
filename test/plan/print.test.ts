import t from 'tap';
import { planFormats, printPlan } from '../../src/plan/print.ts';
import type { Plan } from '../../src/plan/types.ts';

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

t.test('json is the plan', async (t) => {
  t.strictSame(JSON.parse(printPlan(plan, 'json')), plan);
  for (const format of planFormats) t.notMatch(printPlan(plan, format), /\n$/, 'the caller ends the line');
});

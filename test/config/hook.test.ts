/** `hook:` of a route: its forms, its defaults, and what is refused. */
import t from 'tap';
import { ConfigError } from '../../src/config/diagnostic.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { diagnose, problems, read, routes } from './support.ts';

const withHook = (hook: string) => routes(`cam: { from: cam, hook: ${hook} }`);
const hookOf = (hook: string, env = {}) =>
  parseConfig(withHook(hook), { file: '/site/relay.yaml', env }).routes['cam']?.hook;

t.test('short forms and defaults', async (t) => {
  t.strictSame(hookOf('./hooks/people.ts'), {
    runner: { by: 'module', file: '/site/hooks/people.ts' },
    mode: 'inline',
    pick: { by: 'every', frames: 1 },
    whenBehind: 'latest',
    timeout: 1,
    onError: 'pass',
    fade: 1,
    hardware: 'none',
    memory: 512 * 1024 * 1024,
    env: {},
    options: {},
  });
  t.match(hookOf('/x/a.mjs')?.runner, { by: 'module', file: '/x/a.mjs' });
  t.match(hookOf('relay:motion')?.runner, { by: 'builtin', name: 'motion' });
  t.strictSame(hookOf('http://127.0.0.1:5000/detect')?.runner, {
    by: 'http',
    url: 'http://127.0.0.1:5000/detect',
    dialect: { name: 'jpeg' },
    quality: 80,
    inFlight: 1,
  });
  t.equal(read(routes('cam: { from: cam }')).routes['cam']?.hook, undefined);
});

t.test('every key', async (t) => {
  const spec = hookOf(
    `{ module: relay:motion, mode: overlay, format: rgb24, size: 640x360, pick: { fps: 2 }, whenBehind: block,
      timeout: 200ms, onError: hold, fade: 2s, hardware: auto, memory: 2G, env: { OMP_NUM_THREADS: "2" },
      options: { polygons: [[0, 0.5], [1, 1]], deep: { on: true, none: null } } }`.replaceAll('\n', ' '),
  );
  t.strictSame(spec, {
    runner: { by: 'builtin', name: 'motion' },
    mode: 'overlay',
    format: 'rgb24',
    size: { width: 640, height: 360 },
    pick: { by: 'fps', fps: 2 },
    whenBehind: 'block',
    timeout: 0.2,
    onError: 'hold',
    fade: 2,
    hardware: 'auto',
    memory: 2 * 1024 ** 3,
    env: { OMP_NUM_THREADS: '2' },
    options: {
      polygons: [
        [0, 0.5],
        [1, 1],
      ],
      deep: { on: true, none: null },
    },
  });
  t.equal(Object.getPrototypeOf(spec?.options), Object.prototype, 'plain JSON');
  t.strictSame(hookOf('{ module: a.js, pick: { every: 5 } }')?.pick, { by: 'every', frames: 5 });
  t.strictSame(hookOf('{ module: a.js, pick: { keyframes: true } }')?.pick, { by: 'keyframes' });
});

t.test('a mask fails closed', async (t) => {
  t.match(hookOf('relay:privacy'), { onError: 'stop', mode: 'inline' });
  t.match(hookOf('{ module: relay:privacy, onError: hold }'), { onError: 'hold' });
  t.match(hookOf('relay:stamp'), { onError: 'pass' });
  for (const [form, message] of [
    ['{ module: relay:privacy, mode: overlay }', /relay:privacy needs mode: inline/],
    ['{ module: relay:gray, mode: overlay }', /relay:gray needs mode: inline/],
    ['{ module: relay:privacy, pick: { fps: 2 } }', /relay:privacy must see every frame/],
  ] as const) {
    t.throws(() => hookOf(form), { message });
  }
});

t.test('commands', async (t) => {
  const argv = (command: string) => hookOf(`{ command: ${command} }`)?.runner;
  t.strictSame(argv('[python3, hooks/people.py, ""]'), {
    by: 'command',
    argv: ['python3', 'hooks/people.py', ''],
    dir: '/site',
  });
  t.match(argv('[./detect, -v]'), { argv: ['/site/detect', '-v'] });
  t.match(argv('[../bin/detect]'), { argv: ['/bin/detect'] });
});

t.test('http with a dialect', async (t) => {
  t.match(hookOf('{ http: "https://h/x", quality: 90, inFlight: 4, dialect: jpeg }')?.runner, {
    url: 'https://h/x',
    dialect: { name: 'jpeg' },
    quality: 90,
    inFlight: 4,
  });
  t.strictSame(
    hookOf('{ http: "http://h/", dialect: kserve, model: yolo, input: images, outputs: { boxes: b } }')
      ?.runner,
    {
      by: 'http',
      url: 'http://h/',
      dialect: { name: 'kserve', model: 'yolo', input: 'images', outputs: { boxes: 'b' }, threshold: 0.5 },
      quality: 80,
      inFlight: 1,
    },
  );
});

t.test('the environment', async (t) => {
  const spec = hookOf('{ module: "${F}", pick: { every: "${N}" }, options: { n: "${N}" } }', {
    F: './a.ts',
    N: '3',
  });
  t.match(spec, { runner: { file: '/site/a.ts' }, pick: { frames: 3 }, options: { n: '3' } });
});

t.test('secrets', async (t) => {
  const { secrets } = read(
    routes(
      'a: { from: cam, hook: "http://u:geheim1@h/" }',
      'b: { from: cam, hook: { command: [x], env: { API_KEY: geheim2, MODE: fast, X: "${P}" } } }',
    ),
    { P: 'geheim3' },
  );
  for (const secret of ['geheim1', 'geheim2', 'geheim3']) t.ok(secrets.includes(secret), secret);
  t.notOk(secrets.includes('fast'), 'a plain setting is none');
  const text = 'http://u:geheim4@169.254.169.254/';
  t.notMatch(JSON.stringify(diagnose(withHook(`"${text}"`))), /geheim4/);
});

const deep = `${'{a: '.repeat(40)}1${'}'.repeat(40)}`;
/** [hook, each problem] */
const faults: [string, string[]][] = [
  [
    './x.py',
    [
      '4:27 routes.cam.hook: expected a file that ends in .ts, .mts, .js or .mjs, relay:<name> or http://…, got "./x.py"',
    ],
  ],
  ['relay:moton', ['4:27 routes.cam.hook: no hook "relay:moton" comes along']],
  ['{ module: relay:constructor }', ['4:37 routes.cam.hook.module: no hook "relay:constructor" comes along']],
  ['http://169.254.169.254/', ['4:27 routes.cam.hook: link-local and metadata addresses are refused']],
  [
    '{ http: "http://127.0.0.1:9980/" }',
    ["4:35 routes.cam.hook.http: this is the gateway's own API (api.listen)"],
  ],
  [
    '{ http: "ftp://h/" }',
    [
      '4:35 routes.cam.hook.http: "ftp:" can not be opened here; expected a URL that starts with http://, https://',
    ],
  ],
  ['""', ['4:27 routes.cam.hook: must not be empty']],
  [
    '~',
    [
      '4:27 routes.cam.hook: expected a file, relay:<name>, a URL, or { module: … }, { command: […] }, { http: … }, got nothing',
    ],
  ],
  ['{}', ['4:27 routes.cam.hook: names nothing to run: one of the keys module, command, http is needed']],
  [
    '{ module: a.ts, http: "http://h/" }',
    ['4:27 routes.cam.hook: names two things to run at once: module and http'],
  ],
  ['{ module: a.ts, quality: 3 }', ['4:52 routes.cam.hook.quality: goes with http only']],
  ['{ command: [x], dialect: jpeg }', ['4:52 routes.cam.hook.dialect: goes with http only']],
  ['{ http: "http://h/", model: x }', ['4:55 routes.cam.hook.model: goes with dialect: kserve only']],
  [
    '{ http: "http://h/", dialect: kserv }',
    ['4:57 routes.cam.hook.dialect: expected one of jpeg, kserve, got "kserv"'],
  ],
  [
    '{ http: "http://h/", dialect: kserve, model: m, input: i, outputs: {} }',
    ['4:94 routes.cam.hook.outputs: expected at least one of boxes, scores, labels'],
  ],
  [
    '{ http: "http://h/", quality: 101, inFlight: 0 }',
    [
      '4:57 routes.cam.hook.quality: must be at most 100, got 101',
      '4:72 routes.cam.hook.inFlight: must be at least 1, got 0',
    ],
  ],
  ['{ module: a.ts, qualty: 3 }', ['4:43 routes.cam.hook.qualty: unknown key "qualty"']],
  ['{ module: a.ts, size: 641x480 }', ['4:49 routes.cam.hook.size: width and height must be even']],
  [
    '{ module: a.ts, size: 9000x480 }',
    ['4:49 routes.cam.hook.size: must be between 16x16 and 8192x8192, got "9000x480"'],
  ],
  ['{ module: a.ts, memory: 1M }', ['4:51 routes.cam.hook.memory: must be between 32M and 64G, got "1M"']],
  [
    '{ module: a.ts, memory: 512 }',
    ['4:51 routes.cam.hook.memory: expected an amount of bytes such as 512M or 2G, got 512'],
  ],
  [
    '{ module: a.ts, timeout: 10ms }',
    ['4:52 routes.cam.hook.timeout: must be between 20ms and 60s, got "10ms"'],
  ],
  ['{ module: a.ts, pick: { every: 0 } }', ['4:58 routes.cam.hook.pick.every: must be at least 1, got 0']],
  [
    '{ module: a.ts, pick: { every: 1, fps: 2 } }',
    ['4:49 routes.cam.hook.pick: expected one of { every: 5 }, { fps: 2 }, { keyframes: true }'],
  ],
  [
    '{ module: a.ts, pick: { constructr: 1 } }',
    ['4:49 routes.cam.hook.pick: expected one of { every: 5 }, { fps: 2 }, { keyframes: true }'],
  ],
  [
    '{ module: a.ts, onError: hide, format: rgb }',
    [
      '4:52 routes.cam.hook.onError: expected one of pass, hold, stop, got "hide"',
      '4:66 routes.cam.hook.format: expected one of yuv420p, nv12, rgb24, bgr24, rgba, gray8, got "rgb"',
    ],
  ],
  [
    '{ command: "python3 x.py" }',
    [
      '4:38 routes.cam.hook.command: expected a list of words such as [python3, hooks/people.py], got "python3 x.py"',
    ],
  ],
  ['{ command: [""] }', ['4:38 routes.cam.hook.command: the first word names the program']],
  [
    '{ module: a.ts, env: { "A=B": x, RELAY_HOOK: y } }',
    [
      '4:57 routes.cam.hook.env.A=B: a variable has letters, digits and _ in its name, and begins with no digit',
      '4:72 routes.cam.hook.env.RELAY_HOOK: variables that begin with RELAY_ are set by the gateway',
    ],
  ],
  ['{ module: a.ts, env: { "A\\0B": x } }', ['4:50 routes.cam.hook.env: a key must be a plain word']],
  [
    '{ module: a.ts, env: { A: "x\\0y" } }',
    ['4:53 routes.cam.hook.env.A: the text has a control character or a line break'],
  ],
  ['{ module: a.ts, env: { N: 4 } }', ['4:53 routes.cam.hook.env.N: expected text, got 4']],
  ['{ module: a.ts, options: [1] }', ['4:52 routes.cam.hook.options: expected a map, got a list']],
  [
    '{ module: a.ts, options: { a: .inf, b: [.nan] } }',
    [
      '4:57 routes.cam.hook.options.a: JSON has no such number',
      '4:67 routes.cam.hook.options.b.0: JSON has no such number',
    ],
  ],
  [
    '{ module: a.ts, options: { constructor: 1, x: { __proto__: 2 } } }',
    [
      '4:54 routes.cam.hook.options.constructor: "constructor" can not be a key',
      '4:75 routes.cam.hook.options.x.__proto__: "__proto__" can not be a key',
    ],
  ],
];
for (const [hook, expected] of faults) t.strictSame(problems(withHook(hook)), expected, hook);

t.match(problems(withHook(`{ module: a.ts, options: ${deep} }`)), [/nested deeper than 32 levels$/]);
t.match(problems(withHook(`{ command: [${Array(101).fill('x')}] }`)), [
  /hook\.command: must have at most 100 entries$/,
]);
t.match(diagnose(withHook('relay:moton'))[0]?.hint, 'did you mean "relay:motion"?');
t.match(diagnose(withHook('./x.py'))[0]?.hint, '{ command: [python3, hook.py] }');
const hint = diagnose(withHook('{ module: a.ts, qualty: 3 }'))[0]?.hint;
t.match(hint, /allowed: module, mode, format, size, pick, .*, options$/);

t.test('what does not go with a hook', async (t) => {
  const fault = (rest: string, before = '') =>
    problems(`${before}\n${routes(`cam: { from: cam, hook: a.ts, ${rest} }`)}`);
  t.strictSame(fault('video: copy'), [
    '5:40 routes.cam.video: what comes out of a hook is encoded, so it is no copy',
  ]);
  t.strictSame(fault('video: none'), [
    '5:40 routes.cam.video: without a picture there is nothing to show to the hook',
  ]);
  t.strictSame(fault('audio: none', 'server: { driver: node-media-server }'), [
    '5:27 routes.cam.hook: hooks need the media server mediamtx',
  ]);
  t.strictSame(problems('sources: { cam: { publish: true } }\nroutes: { cam: { from: cam, hook: a.ts } }'), [
    '1:17 sources.cam: others publish to the path "cam", which route "cam" serves',
  ]);
});

t.test('a file that is not there', async (t) => {
  const text = routes(
    'a: { from: cam, hook: here.ts }',
    'b: { from: cam, hook: gone.ts }',
    'c: { from: cam, hook: { module: folder.ts } }',
    'd: { from: cam, hook: { command: [./gone] } }',
    'e: { from: cam, hook: { command: [python3, gone.py] } }',
  );
  const dir = t.testdir({ 'relay.yaml': text, 'here.ts': '', 'folder.ts': {} });
  const error: unknown = await loadConfig(`${dir}/relay.yaml`, {}).catch((reason: unknown) => reason);
  const found = error instanceof ConfigError ? error.diagnostics : [];
  t.strictSame(
    found.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message.replace(dir, '')}`),
    [
      '5:25 routes.b.hook: there is no file /gone.ts',
      '6:35 routes.c.hook.module: /folder.ts is not a file',
      '7:37 routes.d.hook.command.0: there is no file /gone',
    ],
  );
});

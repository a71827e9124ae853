/** Files made to break the reader: each is refused in time, with a place, and nothing else is thrown. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { ConfigError } from '../../src/config/diagnostic.ts';
import { loadConfig } from '../../src/config/load.ts';
import { RelayError } from '../../src/errors.ts';
import { diagnose, problems, read, routes, sources } from './support.ts';

const megabyte = 1024 * 1024;
const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** [what, file, the first problem] */
const files: [string, string, string | RegExp][] = [
  ['empty', '', '1:1 : the file is empty'],
  ['only a comment', '# nothing', '1:1 : the file is empty'],
  ['a word', 'relay', '1:1 : expected a map with keys such as sources and routes'],
  ['a list', '- a', '1:1 : expected a map with keys such as sources and routes'],
  ['tabs', 'routes:\n\ta: b', '2:1 : tabs can not indent: use spaces'],
  ['half written', 'sources:\n  a: rtsp://h/x\nroutes:\n  a: {from: "a', /^4:1\d : this is not YAML/],
  ['half written map', 'routes:\n  a:\n    from', '3:5 routes.a: there is no source and no route "from"'],
  ['NUL', 'routes:\n  a: b\0', '2:7 : the file has a control character here'],
  ['escape sequence', 'routes: \x1b[2J', '1:9 : the file has a control character here'],
  ['escaped NUL', 'routes: { a: "b\\0" }', '1:14 routes.a: the text has a control character or a line break'],
  [
    'line break in a value',
    'routes:\n  a: |\n    b\n',
    '2:6 routes.a: the text has a control character or a line break',
  ],
  [
    'lone surrogate',
    'routes: { a: "\\ud800" }',
    '1:14 routes.a: the text has a control character or a line break',
  ],
  ['two documents', 'routes: { a: a }\n---\nroutes: { a: a }', '2:1 : only one document a file'],
  ['a tag', 'routes: !!js/function x', '1:9 : tags (!…) are not used in this file'],
  ['a binary', 'routes: !!binary x', '1:9 : tags (!…) are not used in this file'],
  ['a complex key', 'routes: { [a]: b }', /^1:11 routes: a key must be a plain word$/],
  ['an alias without anchor', 'routes: *x', '1:9 routes: no value before this one has this anchor'],
  ['an alias of itself', 'routes: &x { a: *x }', /no value before this one has this anchor/],
  ['a merge key', 'x: &x { a: b }\nroutes: { <<: *x }', /^1:1 x: unknown key/],
  ['deep lists', '['.repeat(10_000), '1:33 : nested deeper than 32 levels'],
  ['a megabyte of [', '['.repeat(megabyte), '1:33 : nested deeper than 32 levels'],
  ['a megabyte of {', '{'.repeat(megabyte), '1:33 : nested deeper than 32 levels'],
  ['a megabyte of -', '- '.repeat(megabyte / 2), '1:65 : nested deeper than 32 levels'],
  ['a megabyte of ?', '? '.repeat(megabyte / 2), '1:65 : nested deeper than 32 levels'],
  ['deep maps', many(1400, (level) => `${' '.repeat(level)}a:`), /nested deeper than 32 levels/],
  ['huge', `routes: { a: ${'x'.repeat(megabyte)} }`, '1:1 : the file is larger than 1 MB'],
  [
    'a huge value',
    `routes: { a: ${'x'.repeat(megabyte - 100)} }`,
    /^1:14 routes\.a: there is no source and no route "x{77}…"$/,
  ],
  [
    'a huge key',
    `routes: { ? ${'x'.repeat(megabyte - 100)} : a }`,
    /^1:13 routes\.x{77}…: this can not be the name of a route/,
  ],
  ['a huge anchor', `routes: &${'x'.repeat(megabyte - 100)} {}`, /there are no routes/],
  ['many keys', many(100_000, (index) => `k${index}:`), /parts|unknown key/],
  ['the same key', many(50_000, () => 'a: 1'), /the key "a" stands here twice/],
  ['many anchors', 'routes: '.concat('&a '.repeat(300_000)), /./],
  ['many aliases', `x: &a [1]\nroutes: [${'*a,'.repeat(70_000)}]`, /unknown key "x"/],
  [
    'many references',
    `routes: { a: "${'${A}'.repeat(200_000)}" }`,
    '1:14 routes.a: the environment variable A is not set',
  ],
  [
    'open references',
    `routes: { a: "${'${'.repeat(400_000)}" }`,
    /^1:14 routes\.a: a reference to the environment/,
  ],
  [
    '10,000 routes',
    `sources: { a: rtsp://h/x }\nroutes:\n${many(10_000, (index) => `  r${index}:\n    from: r${index + 1}`)}`,
    '2:1 routes: 10000 routes; the limit is 1000',
  ],
  [
    '10,000 sources',
    `routes: { a: a }\nsources:\n${many(10_000, (index) => `  r${index}: rtsp://h/x`)}`,
    '2:1 sources: 10000 sources; the limit is 1000',
  ],
  [
    'a circle of 1,000 routes',
    `routes:\n${many(1000, (index) => `  r${index}: r${(index + 1) % 1000}`)}`,
    /^2:7 routes\.r0: goes round in a circle: r0 → r1 .* 990 more …/,
  ],
];
for (const [what, text, first] of files) {
  t.test(what, async (t) => {
    const start = process.cpuUsage();
    const found = problems(text);
    // Time of the processor: the clock would measure the other tests too.
    t.ok(process.cpuUsage(start).user < 2e6, 'within two seconds');
    if (typeof first === 'string') t.equal(found[0], first);
    else
      t.ok(
        found.some((each) => first.test(each)),
        `${first} in ${found[0]?.slice(0, 200)}`,
      );
  });
}

t.test('an alias bomb', async (t) => {
  const bomb = many(26, (index) => {
    const name = (at: number) => String.fromCharCode(97 + at);
    const body = index === 0 ? 'x' : `*${name(index - 1)}`;
    return `  ${name(index)}: &${name(index)} [${Array(9).fill(body).join(', ')}]`;
  });
  t.ok(problems(`sources:\n${bomb}`).some((each) => each.includes('aliases repeat more than 20000 values')));
});

t.test('1,000 routes are fine', async (t) => {
  const lines = many(
    999,
    (index) => `  r${index}: { from: ${index === 0 ? 'cam' : `r${index - 1}`}, video: { gop: 2s } }`,
  );
  t.equal(Object.keys(read(`${routes('cam: cam')}\n${lines}`).routes).length, 1000);
});

t.test('nothing reaches the prototype', async (t) => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    const text = `${key}: { polluted: 1 }\nsources: { a: { ${key}: { polluted: 1 }, file: x } }\nroutes: { ${key}: a, a: a }`;
    t.equal(problems(text).filter((each) => each.endsWith(`"${key}" can not be a key`)).length, 3, key);
  }
  t.equal(({} as { polluted?: unknown }).polluted, undefined);
});

t.test('the environment never becomes structure', async (t) => {
  const text = 'sources: { a: { file: "${F}" } }\nroutes: { a: "${R}" }';
  const config = read(text, { F: 'x, loop: true }, b: { file: y', R: 'a' });
  t.match(config.sources['a'], { kind: 'file', loop: false });
  t.match(problems(text, { F: 'x', R: 'a }\nb: { from: a' }), [/R has a control character/]);
});

t.test('numbers and switches from the environment', async (t) => {
  const text =
    'sources: { a: { test: bars, fps: "${FPS}", audio: "${AUDIO}" } }\nserver: { srt: "${SRT:-false}", users: [{ name: b, password: "${P}" }] }\nroutes: { a: { from: a, split: "${SPLIT}" } }';
  const env = { FPS: '12.5', AUDIO: 'false', SPLIT: 'true', P: '12345678' };
  const config = read(text, env);
  t.match(config.sources['a'], { fps: 12.5, audio: false });
  t.equal(config.routes['a']?.split, true);
  t.equal(config.server.listen.srt, false);
  t.equal(config.server.users[0]?.password, '12345678', 'a password stays text');
  t.strictSame(problems(text, { ...env, FPS: 'many' }), ['1:34 sources.a.fps: expected a number, got "***"']);
});

t.test('passwords with special characters', async (t) => {
  const canary = '@:/%#"$ ?&=[]{}|\\^`<>\'+ä€';
  const text = sources(
    'a: "rtsp://admin:${PASS}@192.0.2.1:554/s"',
    'b: { url: "rtsp://${USER}:${PASS}@h/s" }',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 4 }).filter((each) => !/[\p{Cc}\p{Cs}]/u.test(each)),
      async (random) => {
        for (const password of [canary, `${canary}${random}`, `!${random}`]) {
          const config = read(text, { PASS: password, USER: 'a@b' });
          const source = config.sources['a'];
          const url = new URL(source?.kind === 'url' ? source.url : '');
          t.equal(decodeURIComponent(url.password), password);
          t.equal(url.host, '192.0.2.1:554');
          t.ok(config.secrets.includes(password));
          t.ok(config.secrets.includes(encodeURIComponent(password)));
        }
      },
    ),
    { numRuns: 50 },
  );
});

t.test('no message shows a secret', async (t) => {
  const secret = 'c4n4ry@:/%#"$';
  const text = `sources: { a: "\${S}", b: { file: x, loop: "\${S}" }, c: "rtsp://u:\${S}@h x/", d: "rtsp://u:literal-pw@h:x/", e: { fil: "\${S}" } }
routes: { a: { from: "\${S}", to: ["rtmp://h/\${S} ", "\${S}"], video: { codec: "\${S}" } } }`;
  const found = JSON.stringify(diagnose(text, { S: secret }));
  t.notMatch(found, /c4n4ry|literal-pw/);
  t.notMatch(JSON.stringify(diagnose('a: "rtsp://u:literal-pw@h/\nb: c: "literal-pw"')), /literal-pw/);
});

t.test('any text is a config or a RelayError', async (t) => {
  const word = fc.constantFrom(
    'sources',
    'routes',
    'server',
    'users',
    'from',
    'to',
    'file',
    'url',
    'merge',
    'video',
    'audio',
    'split',
    'a',
    'b',
    'rtsp://h/x',
    '${A}',
    '${',
    '*a',
    '&a',
    '!!x',
    'null',
    'true',
    '1',
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    ',',
    '"',
    "'",
    '|\n',
    '\t',
    '__proto__',
    'constructor',
    '\ufeff',
    '\r\n',
    '#',
    '%',
    '? ',
  );
  const soup = fc.array(word, { maxLength: 60 }).map((words) => words.join(''));
  const tree = fc.json({ maxDepth: 4 });
  const shaped = fc
    .record({ sources: fc.anything(), routes: fc.anything(), server: fc.anything() })
    .map((value) => `${JSON.stringify(value)}`);
  const names = fc.constantFrom('a', 'b', 'c/video', '__proto__', 'a b');
  const plausible = fc
    .record({
      sources: fc.dictionary(
        names,
        fc.oneof(
          names,
          fc.record({ merge: fc.record({ video: names, audio: names }) }),
          fc.record({ file: fc.string() }),
          fc.constant('rtsp://h/x'),
        ),
      ),
      routes: fc.dictionary(
        names,
        fc.oneof(
          names,
          fc.record({ from: names, split: fc.boolean(), to: fc.array(names) }),
          fc.constant(null),
        ),
      ),
    })
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string(), soup, tree, shaped, plausible),
      (text) => {
        try {
          read(text, { A: 'x' });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          for (const { line, column } of error.diagnostics)
            if (!(line >= 1 && column >= 1)) throw new Error('no place');
          if (error.diagnostics.length === 0) throw new Error('no reason');
        }
      },
    ),
    { numRuns: 2000 },
  );
  t.pass('2000 texts');
});

t.test('files', async (t) => {
  const text = 'sources: { a: { file: clip.mp4 } }\nroutes: { a: a }\n';
  const dir = t.testdir({
    'good.yaml': text,
    'bom.yaml': `\ufeff${text}`,
    'crlf.yaml': text.replaceAll('\n', '\r\n'),
    folder: {},
  });
  const load = (name: string) => loadConfig(`${dir}/${name}`, {});
  const fault = async (name: string) => {
    const error: unknown = await load(name).catch((reason: unknown) => reason);
    return error instanceof RelayError ? `${error.code} ${error.message.replace(`${dir}/`, '')}` : error;
  };
  symlinkSync('good.yaml', `${dir}/link.yaml`);
  for (const name of ['good.yaml', 'bom.yaml', 'crlf.yaml', 'link.yaml']) {
    t.match((await load(name)).sources['a'], { kind: 'file', file: `${dir}/clip.mp4` }, name);
  }
  symlinkSync('nowhere', `${dir}/dangling.yaml`);
  symlinkSync('circle.yaml', `${dir}/circle.yaml`);
  execFileSync('mkfifo', [`${dir}/fifo.yaml`]);
  mkdirSync(`${dir}/directory.yaml`);
  writeFileSync(`${dir}/latin1.yaml`, Buffer.from('routes: {}\n# caf\xe9 au lait\n', 'latin1'));
  writeFileSync(`${dir}/utf16.yaml`, Buffer.from('\ufeffroutes: {}', 'utf16le'));
  writeFileSync(`${dir}/huge.yaml`, `#${' '.repeat(2 * megabyte)}`);

  t.equal(await fault('missing.yaml'), 'RELAY_CONFIG_MISSING there is no file missing.yaml');
  t.equal(await fault('good.yaml/x'), 'RELAY_CONFIG_MISSING there is no file good.yaml/x');
  t.equal(await fault('dangling.yaml'), 'RELAY_CONFIG_MISSING there is no file dangling.yaml');
  t.match(await fault('circle.yaml'), /^RELAY_CONFIG_INVALID circle\.yaml:1:1 error can not be read: ELOOP/);
  t.match(await fault('nul\0.yaml'), /^RELAY_CONFIG_INVALID .*can not be read/);
  t.equal(
    await fault('directory.yaml'),
    'RELAY_CONFIG_INVALID directory.yaml:1:1 error is not a regular file',
  );
  t.equal(await fault('fifo.yaml'), 'RELAY_CONFIG_INVALID fifo.yaml:1:1 error is not a regular file');
  t.equal(
    await fault('latin1.yaml'),
    'RELAY_CONFIG_INVALID latin1.yaml:2:6 error this is not UTF-8; save the file as UTF-8',
  );
  t.equal(
    await fault('utf16.yaml'),
    'RELAY_CONFIG_INVALID utf16.yaml:1:1 error the file is UTF-16; save it as UTF-8',
  );
  t.equal(await fault('huge.yaml'), 'RELAY_CONFIG_INVALID huge.yaml:1:1 error the file is larger than 1 MB');
  await t.rejects(loadConfig('/dev/zero', {}), {
    code: 'RELAY_CONFIG_INVALID',
    message: '/dev/zero:1:1 error is not a regular file',
  });
});

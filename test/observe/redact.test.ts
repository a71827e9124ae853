import t from 'tap';
import { createRedactor, redactText } from '../../src/observe/redact.ts';

t.test('by the place where they stand', async (t) => {
  const cases: [string, string][] = [
    ['rtsp://admin:hunter2@192.0.2.1/s', 'rtsp://admin:***@192.0.2.1/s'],
    ['rtsp://admin:p@ss:w@192.0.2.1:554/s', 'rtsp://admin:***@192.0.2.1:554/s'],
    ['rtsp://admin:p/s?s@192.0.2.1/s', 'rtsp://admin:***@192.0.2.1/s'],
    ['rtsp://:secret@192.0.2.1/s', 'rtsp://:***@192.0.2.1/s'],
    ['https://token@example.org/x', 'https://***@example.org/x'],
    [
      '"tee: [f=mpegts]srt://127.0.0.1:1?streamid=publish:a/b:gw:beef&latency=1"',
      '"tee: [f=mpegts]srt://127.0.0.1:1?streamid=publish:a/b:***&latency=1"',
    ],
    ['rtmp://127.0.0.1:1/a?user=gw&pass=beef', 'rtmp://127.0.0.1:1/a?user=***&pass=***'],
    ['http://h/x?a=1&token=abc&b=2', 'http://h/x?a=1&token=***&b=2'],
    ['Authorization: Basic Z3c6YmVlZg==', 'Authorization: Basic ***'],
    ['{"authorization":"Bearer abc.def"}', '{"authorization":"Bearer ***"}'],
    ['srt://h:1?passphrase=tenletters', 'srt://h:1?passphrase=***'],
  ];
  for (const [from, to] of cases) t.equal(redactText(from), to);
  for (const same of [
    'rtsp://192.0.2.1:554/cam',
    'frame=1 fps=25',
    'mail bob@example.org',
    '[rtsp @ 0x55d0] x',
  ]) {
    t.equal(redactText(same), same);
  }
});

t.test('by value, however it is spelt', async (t) => {
  const redactor = createRedactor(['pä ss/"w*', 'abc']);
  redactor.add(['stream-key-1234']);
  const spelt = ['pä ss/"w*', encodeURIComponent('pä ss/"w*'), 'p%c3%a4%20ss%2f%22w*', 'pä ss/\\"w*'];
  for (const text of spelt) t.equal(redactor.redactText(`see ${text}.`), 'see ***.');
  t.equal(redactor.redactText('rtmp://live.example/app/stream-key-1234'), 'rtmp://live.example/app/***');
  redactor.add(["it's%me"]);
  t.equal(redactor.redactText(`'rtsp://cam:it'\\''s%25me@h/'`), `'rtsp://cam:***@h/'`, 'quoted for a shell');
  t.equal(redactor.redactText('abcdef'), 'abcdef', 'too short to be told from other text');
});

t.test('a value is copied, with all of its strings', async (t) => {
  const redactor = createRedactor(['hunter22', 'state']);
  const value = { n: 1, none: null, list: ['x hunter22', true], state: { deep: 'rtsp://u:p@h/' } };
  t.strictSame(redactor.redactValue(value), {
    n: 1,
    none: null,
    list: ['x ***', true],
    state: { deep: 'rtsp://u:***@h/' },
  });
  t.equal(value.list[0], 'x hunter22');
});

t.test('what a stranger sends costs no more than its length', async (t) => {
  const { redactText, redactValue } = createRedactor(['hunter22']);
  const hostile = [
    `${'a'.repeat(1e6)}=`,
    `${'a://'.repeat(2e5)}=`,
    `${'x://:'.repeat(2e5)}=`,
    'streamid=read:'.repeat(7e4),
  ];
  for (const text of hostile) {
    const from = performance.now();
    redactText(text);
    const took = performance.now() - from;
    // Squared, the shortest of them took half a minute.
    t.ok(took < 10_000, `${text.slice(0, 8)}… took ${took.toFixed(0)} ms`);
  }
  let deep: unknown = 'rtsp://u:hunter22@h';
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  t.notMatch(JSON.stringify(redactValue(deep)), /hunter22/);
});

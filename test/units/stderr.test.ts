import t from 'tap';
import { Tail } from '../../src/children/tail.ts';
import { Progress } from '../../src/units/progress.ts';
import { causeOfExit } from '../../src/units/stderr.ts';

t.test('the cause in one line', async (t) => {
  const cases: [string, string, string][] = [
    [
      '[tcp @ 0x5] [error] Connection to tcp://192.0.2.1:554?timeout=0 failed: Connection refused',
      'refused',
      'Connection to',
    ],
    [
      '[rtsp @ 0x5] [error] method DESCRIBE failed: 401 Unauthorized',
      'auth',
      'method DESCRIBE failed: 401 Unauthorized',
    ],
    ['[error] clip.mp4: No such file or directory', 'not-found', 'clip.mp4: No such'],
    ["[fatal] Unknown encoder 'libx265'", 'codec', 'Unknown encoder'],
    ['[error] rtsp://h/x: Connection timed out', 'network', 'rtsp://h/x'],
    ['[error] clip.mp4: Invalid data found when processing input', 'input', 'clip.mp4'],
    [
      '[error] srt://127.0.0.1:1?streamid=publish:a:***&latency=1: Input/output error',
      'server',
      'the media server refused',
    ],
    ['[error] av_interleaved_write_frame(): Broken pipe', 'server', 'the media server refused'],
    ['something else', 'exit', 'exit code 1: something else'],
  ];
  for (const [line, kind, reason] of cases) {
    const cause = causeOfExit(1, null, ['[warning] first', line]);
    t.equal(cause.class, kind, line);
    t.ok(cause.reason.startsWith(reason), cause.reason);
  }
  t.match(causeOfExit(null, 'SIGKILL', ['[error] x: Connection refused']), {
    class: 'signal',
    reason: 'killed by SIGKILL',
  });
  t.match(causeOfExit(0, null, []), { class: 'exit', reason: 'the stream ended' });
  t.match(causeOfExit(7, null, []), { class: 'exit', reason: 'exit code 7', code: 7 });
});

t.test('the tail of a flood is short', async (t) => {
  const tail = new Tail();
  for (let n = 0; n < 5000; n++) tail.push(Buffer.from(`line ${n}\r\n\n`));
  t.equal(tail.lines().length, 20);
  t.equal(tail.lines().at(-1), 'line 4999');
  tail.push(Buffer.alloc(100_000, 'x'));
  t.strictSame(tail.lines(), ['x'.repeat(400)]);
});

t.test('progress', async (t) => {
  const block = (frame: number, time: string) =>
    `frame=${frame}\nfps=24.9\nbitrate= 128.5kbits/s\ntotal_size=N/A\nout_time_us=${time}\nspeed=1.01x\nprogress=continue\n`;
  const progress = new Progress();
  t.notOk(progress.push(block(0, 'N/A')), 'nothing moved yet');
  t.notOk(progress.push(block(0, '-20000')), 'nor before zero');
  t.ok(progress.push(block(25, '1000000')));
  t.strictSame(progress.figures, { frames: 25, fps: 24.9, speed: 1.01, bitrate: 128_500, outTime: 1 });
  t.notOk(progress.push(block(25, '1000000')), 'the same again is no progress');
  const [head, rest] = [block(50, '2000000').slice(0, 30), block(50, '2000000').slice(30)];
  t.notOk(progress.push(head));
  t.ok(progress.push(rest), 'in pieces');
  t.ok(progress.push(block(60, '2400000') + block(75, '3000000').slice(0, -9)), 'two at once, one cut off');
  t.equal(progress.figures.frames, 60);
  t.ok(progress.push('continue\n') || progress.push(block(80, '3200000')));
});

t.test('nothing that a terminal would obey', async (t) => {
  const tail = new Tail();
  tail.push(Buffer.from('[error] \x1b[2J\x1b]0;gotcha\x07 x: Connection refused\x9b31m\r\nnext\u202eline\n'));
  t.strictSame(tail.lines(), ['[error]  [2J ]0;gotcha  x: Connection refused 31m', 'next line']);
});

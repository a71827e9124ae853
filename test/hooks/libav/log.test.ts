import t from 'tap';
import { limited, redact } from '../../../src/hooks/libav/log.ts';

t.test('addresses lose all but their scheme', (t) => {
  t.equal(
    redact('Connection to srt://127.0.0.1:8890?streamid=publish:cam:user:secret failed: timeout'),
    'Connection to srt://… failed: timeout',
  );
  t.equal(
    redact("'rtmp://u:p@host/app/key': refused, then https://x/y"),
    "'rtmp://… refused, then https://…",
  );
  t.equal(redact('no address: at all'), 'no address: at all');
  t.end();
});

t.test('five lines in ten seconds, then how many more', (t) => {
  const lines: string[] = [];
  const say = limited((line) => lines.push(line));
  for (let n = 0; n < 100; n++) say(`line ${n}`, n);
  t.same(lines, ['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
  say('later', 20_000);
  t.same(lines.slice(5), ['95 more lines like these', 'later']);
  t.end();
});

import { PassThrough } from 'node:stream';
import t from 'tap';
import { createLog, type LogOptions, silentLog } from '../../src/observe/log.ts';
import { createRedactor } from '../../src/observe/redact.ts';

async function written(options: Partial<LogOptions>): Promise<string> {
  const stream = new PassThrough();
  const redact = createRedactor(['hunter22"']);
  const log = await createLog({ level: 'info', format: 'json', stream, redact, ...options });
  log.debug('not shown');
  log.warn({ url: 'rtsp://admin:other@192.0.2.1/', list: ['hunter22"'] }, 'lost hunter22"');
  stream.end();
  return (await stream.toArray()).join('');
}

t.test('JSON lines for machines', async (t) => {
  const text = await written({});
  const lines = text.trim().split('\n');
  t.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
  t.match(time, /^\d{4}-\d\d-\d\dT/);
  t.strictSame(rest, { level: 'warn', url: 'rtsp://admin:***@192.0.2.1/', list: ['***'], msg: 'lost ***' });
});

t.test('pretty for people', async (t) => {
  const text = await written({ format: 'pretty' });
  t.match(text, /WARN.*: lost \*\*\*/);
  t.match(text, 'rtsp://admin:***@192.0.2.1/');
  t.notMatch(text, /hunter22|other|not shown/);
});

t.test('silence', async (t) => {
  t.equal(silentLog().level, 'silent');
});

/** Files made to break or misuse the gateway: refused with a place, in time, and before anything is started. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { built, cli } from '../support/relay.ts';
import { aliveWith } from './support/proc.ts';
import { runOnce, scope } from './support/process.ts';

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const route = 'routes: { a: a }\n';
const from = (source: string): string => `sources:\n  a: ${source}\n${route}`;
const to = (sink: string): string =>
  `sources: { a: { test: bars } }\nroutes:\n  a: { from: a, to: [${sink}] }\n`;
const letter = (index: number): string => String.fromCharCode(97 + index);

/** One address in the spellings that programs take. */
const metadata = [
  '169.254.169.254',
  '2852039166',
  '0xA9FEA9FE',
  '0xa9.0xfe.0xa9.0xfe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[::a9fe:a9fe]',
  '[64:ff9b::169.254.169.254]',
  'user:pass@169.254.169.254',
  '169.254.169.254.',
  'metadata.google.internal',
];

const files: Record<string, string> = {
  'alias bomb': `sources:\n${many(
    26,
    (index) =>
      `  ${letter(index)}: &${letter(index)} [${Array(9)
        .fill(index === 0 ? 'x' : `*${letter(index - 1)}`)
        .join(', ')}]`,
  )}\n${route}`,
  __proto__: `__proto__: { polluted: 1 }\n${from('{ test: bars, __proto__: { x: 1 } }')}`,
  'duplicate keys': `sources:\n  a: { test: bars }\n  a: { file: x }\n${route}`,
  'exec: as a URL': from('"exec:touch /tmp/pwned"'),
  'exec: in a map': from('{ url: "exec:touch /tmp/pwned" }'),
  'exec: as a remote': to('"exec:touch /tmp/pwned"'),
  'a hook of the server': `${from('{ test: bars }')}server: { runOnInit: "touch /tmp/pwned" }\n`,
  '-y as a URL': from('-y'),
  '-y in a map': from('{ url: "-y" }'),
  'an option before a remote': to('"-y rtmp://192.0.2.1/a"'),
  'control characters': from('"rtsp://192.0.2.1/\\u001b[2J"'),
  'raw control characters': from('"rtsp://192.0.2.1/\x07"'),
  '10,000 routes': `sources: { a: { test: bars } }\nroutes:\n${many(10_000, (index) => `  r${index}: a`)}\n`,
  'half-written': 'sources:\n  a: { test: bars }\nroutes:\n  a: { from: "a',
  'huge scalar': from(`"${'x'.repeat(900_000)}"`),
  'larger than 1 MB': `# ${'x'.repeat(1 << 20)}\n${from('{ test: bars }')}`,
  'deep nesting': `sources: ${'['.repeat(100_000)}`,
  'concat:': from('"concat:/etc/passwd|/etc/shadow"'),
  'file: URL': from('file:///etc/passwd'),
  'subfile:': from('"subfile,,start,0,end,9,,:/etc/passwd"'),
  'data: URL': from('"data:text/plain,x"'),
  'unix: URL': from('"unix:/tmp/socket"'),
  'path out of the server': 'sources: { a: { test: bars } }\nroutes: { "../a": a }\n',
  'shell words as a name': 'sources: { a: { test: bars } }\nroutes: { "$(touch /tmp/pwned)": a }\n',
  'the own API': `api: { listen: 127.0.0.1:9980 }\n${from('http://127.1:9980/v1/status')}`,
  metadata: `sources:\n${many(metadata.length, (index) => `  m${index}: http://${metadata[index]}/latest`)}\n${route}`,
};

t.test('refused before anything is started', async (t) => {
  await built();
  const s = scope(t);
  const marker = `LC_RELAY_TEST=${process.pid}-hostile`;
  const spied = join(s.dir, 'spied');
  const bin = join(s.dir, 'bin');
  mkdirSync(bin);
  // Whatever would be started says so instead.
  for (const name of ['ffmpeg', 'ffprobe', 'mediamtx', 'sh', 'touch']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> ${spied}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const cpu = join(s.dir, 'cpu');
  const meter = join(s.dir, 'meter.mjs');
  writeFileSync(
    meter,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(cpu)} + process.pid, JSON.stringify(process.cpuUsage())));\n`,
  );
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    FFMPEG_PATH: join(bin, 'ffmpeg'),
    FFPROBE_PATH: join(bin, 'ffprobe'),
    MEDIAMTX_PATH: join(bin, 'mediamtx'),
    // The first look at a program is remembered there, and would hide that it was started.
    XDG_CACHE_HOME: join(s.dir, 'cache'),
    NODE_OPTIONS: `--import=${pathToFileURL(meter).href}`,
    LC_RELAY_TEST: marker.split('=')[1],
  };
  let worst = { seconds: 0, what: '' };
  const seconds = (pid: number): number => {
    const { user, system } = JSON.parse(readFileSync(`${cpu}${pid}`, 'utf8')) as NodeJS.CpuUsage;
    return (user + system) / 1e6;
  };
  // What a harmless file costs among them: a busy machine makes each of them dearer.
  writeFileSync(join(s.dir, 'plain.yaml'), from('{ test: bars }'));
  const plain: number[] = [];
  const harmless = async (): Promise<void> => {
    const child = s.spawn(process.execPath, [cli, 'check', 'plain.yaml'], { cwd: s.dir, env });
    t.equal((await child.exited).code, 0, 'a harmless file is taken');
    plain.push(seconds(child.pid));
  };

  const refusedBy = async (command: string, what: string, file: string): Promise<string> => {
    const child = s.spawn(process.execPath, [cli, command, file], { cwd: s.dir, env });
    const timer = setTimeout(() => child.stop(), 30_000);
    const { code } = await child.exited;
    clearTimeout(timer);
    const output = child.output();
    t.equal(code, 78, `${command}: ${what} is refused`);
    t.match(output, new RegExp(`${file}:[0-9]+:[0-9]+ error `), `${command}: ${what} has a place`);
    t.ok(
      output.length < 60_000 && !/\bat .*\.js:\d+/.test(output),
      `${command}: ${what}: no flood, no stack`,
    );
    const took = seconds(child.pid);
    if (took > worst.seconds) worst = { seconds: took, what: `${command}: ${what}` };
    return output;
  };
  const refused = (what: string, file: string): Promise<string[]> =>
    Promise.all(['run', 'check'].map((command) => refusedBy(command, what, file)));

  for (const [index, [what, text]] of Object.entries(files).entries()) {
    const file = `relay${index}.yaml`;
    writeFileSync(join(s.dir, file), text);
    if (index % 5 === 0) await harmless();
    const outputs = await refused(what, file);
    if (what !== 'metadata') continue;
    for (const [line, host] of metadata.entries())
      for (const output of outputs) t.match(output, `${file}:${line + 2}:`, `${host} is refused`);
  }
  mkdirSync(join(s.dir, 'folder.yaml'));
  await refused('a directory', 'folder.yaml');
  execFileSync('mkfifo', [join(s.dir, 'fifo.yaml')]);
  await refused('a FIFO that nobody writes to', 'fifo.yaml');

  const usual = plain.sort((a, b) => a - b)[plain.length >> 1]!;
  t.comment(
    `worst: ${worst.what} took ${worst.seconds.toFixed(2)} s of the processor, a harmless file ${usual.toFixed(2)}`,
  );
  t.ok(worst.seconds < 5 * usual, 'none costs more than five harmless ones (2 s where those need 0.4)');
  t.notOk(existsSync(spied), 'no program was started');
  t.same(aliveWith(marker), [], 'no process is left');
  t.notOk(existsSync('/tmp/pwned'));
});

t.test('the spies would have been seen', async (t) => {
  await built();
  const s = scope(t);
  const spied = join(s.dir, 'spied');
  const program = join(s.dir, 'ffmpeg');
  writeFileSync(program, `#!/bin/sh\necho ffmpeg >> ${spied}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(s.dir, 'relay.yaml'), from('{ test: bars }'));
  const env = { ...process.env, FFMPEG_PATH: program, XDG_CACHE_HOME: join(s.dir, 'cache') };
  await runOnce(s, process.execPath, [cli, 'run', '--dry-run', 'relay.yaml'], { cwd: s.dir, env });
  t.ok(existsSync(spied), 'a good file gets as far as the programs');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { main } from '../../src/commands/main.ts';
import { built, relay } from '../support/relay.ts';

t.before(built);
const dir = t.testdir({
  'relay.yaml': 'sources: { bars: { test: bars } }\nroutes: { bars: { from: bars } }\n',
});
const at = { cwd: dir };

t.test('help teaches', async (t) => {
  const { code, out } = await relay(t, ['--help'], at);
  t.equal(code, 0);
  for (const name of [
    'run',
    'push',
    'check',
    'plan',
    'probe',
    'hook',
    'doctor',
    'init',
    'schema',
    'install',
    'status',
    'top',
    'reload',
  ]) {
    t.match(out, new RegExp(`^  relay ${name}\\b`, 'm'));
    const help = await relay(t, [name, '--help'], at);
    t.equal(help.code, 0, name);
    t.match(help.out, /Examples:\n {2}relay /, `${name} --help shows examples`);
  }
  t.match(out, /Exit codes:/);
});

t.test('version', async (t) => {
  t.match(await relay(t, ['--version'], at), { code: 0, out: /^\d+\.\d+\.\d+\n$/, err: '' });
});

t.test('wrong usage: exit 2, the nearest word, nothing on stdout', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /relay <command>/],
    [['rn'], /no command rn; did you mean run\?/],
    [['xyzzy'], /no command xyzzy\n/],
    [['run', '--wach'], /unknown: --wach; did you mean --watch\?/],
    [['run', '--dry-rum'], /unknown: --dry-rum; did you mean --dry-run\?/],
    [['check', 'a.yaml', 'b.yaml'], /unknown: b\.yaml/],
    [['plan', '--format', 'nope'], /"tree", "json", "mermaid", "argv"/],
    [['plan', '--format', 'tree', '--format', 'json'], /--format was given twice/],
    [['probe'], /Not enough/],
    [['probe', 'none.mp4'], /there is no file none\.mp4/],
    [['probe', 'exec:id'], /there is no file exec:id/],
    [['probe', 'gopher://127.0.0.1/x'], /can not be opened here/],
    [['probe', 'relay.yaml', '--seconds', '-1'], /--seconds/],
    [['push', 'relay.yaml', 'ftp://127.0.0.1/x'], /nothing can be sent to ftp:/],
    [['push', 'test', '../etc'], /.+/],
    [['status', '--api', 'http://['], /is no address/],
    [['top'], /top needs a terminal/],
    [['schema', '--write', 'a', '--check', 'b'], /mutually exclusive/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await relay(t, args, at);
    t.equal(code, 2, args.join(' '));
    t.match(err, message, args.join(' '));
    t.notMatch(err, /\n {4}at /, 'no stack');
    t.equal(out, '');
  }
});

t.test('a reader that has seen enough', async (t) => {
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  t.equal(code, 0);
  t.equal(err, '');
});

/** What a command that fails so says, and its exit code. */
async function failing(t: Test, error: Error): Promise<{ code: number; said: string }> {
  const handler = () => {
    throw error;
  };
  const said: string[] = [];
  const capture = t.capture(process.stderr, 'write', (text: string) => said.push(text) > 0);
  const entry = { usage: 'dig', summary: 'for a test', load: async () => ({ command: { handler } }) };
  const code = await main(['dig'], [entry]);
  capture.restore();
  return { code, said: said.join('') };
}

t.test('a limit of open files that is too low is said, not shown as a crash', async (t) => {
  const error = Object.assign(new Error('EMFILE: too many open files, open x'), { code: 'EMFILE' });
  const { code, said } = await failing(t, error);
  t.equal(code, 69);
  t.match(said, /^relay: this process may not open more files\n.*ulimit -n/);
});

t.test('what the system refuses is said, not shown as a crash', async (t) => {
  const missing = await open('/no/such/folder/file').catch((error: Error) => error);
  const { code, said } = await failing(t, missing as Error);
  t.equal(code, 1);
  t.equal(said, "relay: ENOENT: no such file or directory, open '/no/such/folder/file'\n");
  const full = { errno: -28, code: 'ENOSPC', syscall: 'write' };
  const other = await failing(t, Object.assign(new Error('ENOSPC: no space left on device, write'), full));
  t.match(other.said, /^relay: ENOSPC: no space left on device, write\n +make room/);
  const bug = await failing(t, new TypeError('x is not a function'));
  t.match(bug.said, /TypeError: x is not a function\n +at /, 'a defect shows where it is');
});

/** The process that starts hooks, as a worker sees it. */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { hookEnv } from '../../../src/children/env.ts';
import { residentBytes } from '../../../src/children/leftovers.ts';
import { DistantChild, Spawner } from '../../../src/hooks/wire/distant-child.ts';
import { built } from '../../support/relay.ts';

t.before(built);

const options = (env = hookEnv()) => ({ cwd: process.cwd(), env, detached: true, windowsHide: true });

function spawnerOf(t: Test): Spawner {
  const spawner = new Spawner([], hookEnv());
  t.teardown(() => spawner.close());
  return spawner;
}

async function ended(child: DistantChild): Promise<{ text: string; code: number | null; error?: string }> {
  const said: { text: string; code: number | null; error?: string } = { text: '', code: null };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.text += text;
    });
  child.on('exit', (code) => {
    said.code = code;
  });
  child.on('error', ({ message }) => {
    said.error = message;
  });
  // Not once(): it rejects where an error is told.
  await new Promise<void>((resolve) => child.once('close', resolve));
  return said;
}

t.test('what a program prints, and how it ends', async (t) => {
  const spawner = spawnerOf(t);
  const script = 'printf out; printf err >&2; exit 3';
  const said = await ended(spawner.spawn('/bin/sh', ['-c', script], options(), 5));
  t.equal(said.code, 3);
  t.match(said.text, /out/);
  t.match(said.text, /err/);
  const much = await ended(spawner.spawn('/bin/sh', ['-c', 'head -c 3000000 /dev/zero'], options(), 5));
  t.equal(much.text.length, 3_000_000, 'each byte of it');
});

t.test('what can not be started is told, whether Node throws it or not; the next one starts', async (t) => {
  const spawner = spawnerOf(t);
  const large = { ...hookEnv(), LARGE: 'x'.repeat(3_000_000) };
  t.match(await ended(spawner.spawn('/no/such/program', [], options(), 5)), { error: /ENOENT/ });
  t.match(await ended(spawner.spawn('/bin/true', [], options(large), 5)), { error: /E2BIG/ });
  t.match(await ended(spawner.spawn('/bin/true', [], { ...options(), cwd: '/dev/null' }, 5)), {
    error: /ENOTDIR/,
  });
  t.equal((await ended(spawner.spawn('/bin/true', [], options(), 5))).code, 0);
});

t.test(
  'a flood while nobody reads waits in its program',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const spawner = spawnerOf(t);
    const child = spawner.spawn('/bin/sh', ['-c', 'echo $PPID; exec yes'], options(), 5);
    const chunks: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
    await once(child.stdout, 'data');
    const starter = Number.parseInt(chunks.join(''), 10);
    // This thread stands still, as one in a call that hangs.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
    const held = residentBytes(starter) / 2 ** 20;
    t.ok(
      held > 20 && held < 100,
      `two seconds of it are not in the starter: ${held.toFixed(0)} MB with all below it`,
    );
    process.kill(child.pid!, 'SIGKILL');
    child.stdout.destroy();
    await once(child, 'close');
  },
);

t.test('a reader that is slow pauses it once, and resumes it', async (t) => {
  const sent: string[] = [];
  const child = new DistantChild((type, stream) => sent.push(`${type} ${stream}`));
  for (let count = 0; count < 50; count++) child.take({ id: 0, type: 'stdout', bytes: Buffer.alloc(16_384) });
  t.same(sent, ['pause stdout']);
  t.equal(child.stdout.listenerCount('drain'), 1);
  child.stdout.resume();
  await once(child.stdout, 'drain');
  t.same(sent, ['pause stdout', 'resume stdout']);

  for (let count = 0; count < 2; count++) child.take({ id: 0, type: 'stderr', bytes: Buffer.alloc(65_536) });
  child.stderr.destroy();
  await once(child.stderr, 'close');
  t.same(sent.slice(2), ['pause stderr', 'resume stderr'], 'nor does it wait for one that is gone');
  child.take({ id: 0, type: 'stderr', bytes: Buffer.alloc(65_536) });
  t.equal(sent.length, 4);
});

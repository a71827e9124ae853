/** Who records a ring: one at a time, and what a process left that is gone counts for nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bootId, startOf } from '../../src/record/process-start.ts';
import { RingLock } from '../../src/record/ring-lock.ts';
import { openStore } from '../../src/record/store.ts';

const options = { skip: process.platform !== 'linux' };

t.test('another process that lives has it, until it is gone', options, async (t) => {
  const store = await openStore(t.testdir());
  const other = spawn('sleep', ['60']);
  t.teardown(() => other.kill('SIGKILL'));
  await once(other, 'spawn');
  const file = join(store.path, '.relay', 'locks', 'a~b.lock');
  mkdirSync(join(file, '..'), { mode: 0o700 });
  const holder = { pid: other.pid!, start: startOf(other.pid!), boot: bootId(), gateway: 4711 };
  writeFileSync(file, JSON.stringify(holder));
  const lock = new RingLock(store, 'a/b');
  await t.rejects(lock.take(), {
    code: 'RELAY_RECORD_FOLDER',
    message: `${store.path} is recorded by another gateway already (pid 4711): give one of them another folder`,
  });
  t.same(JSON.parse(readFileSync(file, 'utf8')), holder);
  await lock.release();
  t.same(JSON.parse(readFileSync(file, 'utf8')), holder, 'what is not ours stays');
  await new RingLock(store, 'other').take();
  other.kill('SIGKILL');
  await once(other, 'exit');
  await lock.take();
  t.match(JSON.parse(readFileSync(file, 'utf8')), { pid: process.pid });
  t.equal(statSync(file).mode & 0o777, 0o600);
  await lock.take();
  await lock.release();
  t.throws(() => statSync(file), { code: 'ENOENT' });
});

t.test(
  'a recorder that died leaves it to the next one of its gateway, and to nobody else',
  options,
  async (t) => {
    const store = await openStore(t.testdir());
    const other = spawn('sleep', ['60']);
    t.teardown(() => other.kill('SIGKILL'));
    await once(other, 'spawn');
    const file = join(store.path, '.relay', 'locks', 'cam.lock');
    mkdirSync(join(file, '..'), { mode: 0o700 });
    const dead = { pid: 2 ** 22 + 1, start: '1', boot: bootId() };
    const leave = (gateway: number, gatewayStart: string) =>
      writeFileSync(file, JSON.stringify({ ...dead, gateway, gatewayStart }));
    const lock = new RingLock(store, 'cam');
    leave(other.pid!, startOf(other.pid!)!);
    await t.rejects(lock.take(), { message: /already/ });
    leave(other.pid!, '1');
    await lock.take();
    leave(process.ppid, startOf(process.ppid)!);
    await lock.take();
    t.match(JSON.parse(readFileSync(file, 'utf8')), { pid: process.pid });
  },
);

t.test('what says nothing of a process that lives is taken over', options, async (t) => {
  const start = startOf(process.pid)!;
  const { pid } = process;
  for (const left of [
    { pid, start: `${start}1`, boot: bootId(), gateway: 1 },
    { pid, start, boot: 'another', gateway: 1 },
    { pid: 'x' },
    null,
  ]) {
    const dir = t.testdir({ '.relay': {} });
    const store = await openStore(dir);
    const file = join(store.path, '.relay', 'locks', 'cam.lock');
    mkdirSync(join(file, '..'), { mode: 0o700 });
    writeFileSync(file, JSON.stringify(left));
    await new RingLock(store, 'cam').take();
    t.match(JSON.parse(readFileSync(file, 'utf8')), { pid, start });
  }
});

t.test(
  'an empty one may be made at this very moment: only the second time it counts for nothing',
  options,
  async (t) => {
    const store = await openStore(t.testdir());
    const folder = join(store.path, '.relay', 'locks');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'cam.lock'), '');
    const lock = new RingLock(store, 'cam');
    await t.rejects(lock.take(), { message: /already: give/ });
    await lock.take();
    t.match(JSON.parse(readFileSync(join(folder, 'cam.lock'), 'utf8')), { pid: process.pid });
  },
);

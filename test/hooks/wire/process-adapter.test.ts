/** Hooks in processes, through what the worker sees of them: hosts of modules and Python programs. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { Adapter, Answer } from '../../../src/hooks/adapter.ts';
import { adapt, alive, command, fixture, gray, module, never } from './support.ts';

t.setTimeout(120_000);
const numpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

const bytesOf = (answer: Answer): number[] | undefined =>
  answer.picture && [...answer.picture.planes[0]!.data];
const filled = (value: number, first: number): number[] => [
  first,
  ...Array.from({ length: 31 }, () => value),
];

/** The first frame goes by the socket, while the memory is being shared; later ones by memory. */
async function each(adapter: Adapter, check: (answer: Answer, value: number) => void): Promise<void> {
  for (let n = 0; n < 6; n++) check(await adapter.process(gray(n, n + 10), never), n + 10);
}

const kinds = [
  { name: 'module', run: (what: string) => [module('mirrors.mjs'), { options: { do: what } }] as const },
  {
    name: 'python',
    run: (what: string) => [command('python3', fixture('mirrors.py'), what), {}] as const,
    skip: !numpy && 'no numpy',
  },
];

for (const { name, run, skip = false } of kinds) {
  t.test(name, { skip }, async (t) => {
    t.test('says what it wants, sets up, tells', async (t) => {
      const { adapter, noted } = adapt(t, ...run('nothing'));
      t.same(await adapter.start(never), { format: 'gray8', size: { width: 8, height: 4 }, inFlight: 1 });
      t.same(noted.events, [['started', { by: 'nothing' }]]);
      t.ok(noted.lines.includes('info: setup of lobby'), noted.lines.join());
      t.ok(adapter.memory() > 1e6 || process.platform !== 'linux');
      await each(adapter, (answer) => t.same(answer, {}));
      await adapter.stop();
      t.same(noted.losses, []);
    });

    t.test('writes in place; nothing is left in /dev/shm', async (t) => {
      const { adapter } = adapt(t, ...run('write'));
      await adapter.start(never);
      await each(adapter, (answer, value) => t.same(bytesOf(answer), filled(value, 99)));
      if (process.platform === 'linux') {
        t.same(
          readdirSync('/dev/shm').filter((entry) => entry.startsWith(`relay-hook-${process.pid}-`)),
          [],
        );
      }
    });

    t.test('answers with another picture', async (t) => {
      const { adapter } = adapt(t, ...run('replace'));
      await adapter.start(never);
      await each(adapter, ({ picture }) => {
        t.match(picture, { format: 'gray8', width: 2, height: 1, planes: [{ stride: 2 }] });
        t.same([...picture!.planes[0]!.data], [7, 8]);
      });
    });

    t.test('larger frames follow smaller ones', async (t) => {
      const { adapter } = adapt(t, ...run('write'));
      await adapter.start(never);
      for (const [n, side] of [8, 8, 400, 400, 400, 16, 900, 900].entries()) {
        const { picture } = await adapter.process(gray(n, 5, side, side), never);
        const data = picture!.planes[0]!.data;
        t.same([data.length, data[0], data[1], data.at(-1)], [side * side, 99, 5, 5]);
      }
    });

    t.test('in mode overlay no pixels come back', async (t) => {
      const [runner, spec] = run('write');
      const { adapter } = adapt(t, runner, { ...spec, mode: 'overlay' });
      await adapter.start(never);
      await each(adapter, (answer) => t.same(answer, {}));
    });

    t.test('all that an answer may say', async (t) => {
      const { adapter } = adapt(t, ...run('everything'));
      await adapter.start(never);
      const { meta, ...answer } = await adapter.process(gray(0), never);
      const { overlay, events, drop } = answer;
      t.equal(drop, true);
      t.match(overlay, { boxes: [{ x: 1, y: 2, width: 3, label: 'a' }] });
      t.match(events, [{ name: 'seen', data: { n: 1 } }]);
      t.match(JSON.stringify(meta), /9007199254740993/, 'pts beyond what a number holds');
    });

    t.test('a wrong answer costs its frame only', async (t) => {
      const { adapter, noted } = adapt(t, ...run('nan'));
      await adapter.start(never);
      for (const n of [0, 1]) await t.rejects(adapter.process(gray(n), never));
      t.same(noted.losses, []);
    });
  });
}

t.test('a module: late reads and writes', async (t) => {
  const { adapter } = adapt(t, module('mirrors.mjs'), { options: { do: 'late' } });
  await adapter.start(never);
  for (let n = 0; n < 8; n++) {
    const { meta } = (await adapter.process(gray(n, n + 10), never)) as { meta?: { length: number } };
    // The frame that came through the socket has memory of its own.
    if (n > 2) t.same(meta, { length: 0, thrown: 'RangeError', first: null, own: n + 10 });
    else if (n > 0) t.match(meta, { thrown: 'RangeError', own: n + 10 });
  }
});

t.test('Python: arrays that were kept are copies', { skip: !numpy && 'no numpy' }, async (t) => {
  const { adapter } = adapt(t, command('python3', fixture('mirrors.py'), 'late'));
  await adapter.start(never);
  for (let n = 0; n < 8; n++) {
    const { meta } = await adapter.process(gray(n, n + 10), never);
    const first = Array.from({ length: n + 1 }, (_, index) => index + 10);
    t.same(meta, { first, own: n + 10, second: n === 0 ? 66 : n + 10 });
  }
});

t.test('errors in words', async (t) => {
  const wrong: [runner: ReturnType<typeof module>, what: string, message: RegExp][] = [
    [module('mirrors.mjs'), 'boxes', /process returned boxes; known are: frame, drop, overlay/],
    [module('mirrors.mjs'), 'bigint', /BigInt/],
    [module('mirrors.mjs'), 'short', /plane 0 of the returned picture: 8 bytes/],
    [module('misbehaves.ts'), 'throws', /^TypeError: out of cheese \(line \d+\)$/],
    [module('misbehaves.ts'), 'transfers', /gave the frame's memory to another thread/],
    [module('misbehaves.ts'), 'throws-undefined', /^undefined was thrown$/],
  ];
  if (numpy) {
    const python = (what: string) => command('python3', fixture('mirrors.py'), what);
    wrong.push([python('throws'), '', /^ValueError: out of cheese \(mirrors.py, line \d+\)$/]);
    wrong.push([python('floats'), '', /a picture is an array of uint8, not float64/]);
  }
  for (const [runner, what, message] of wrong) {
    const { adapter, noted } = adapt(t, runner, { options: { do: what } });
    await adapter.start(never);
    await t.rejects(adapter.process(gray(0), never), { message });
    t.same(noted.losses, []);
    await adapter.kill();
  }
});

t.test('files that are no hooks', async (t) => {
  const wrong: [file: string, message: RegExp][] = [
    ['none.ts', /none\.ts: there is no such file/],
    ['no-default.ts', /no-default\.ts: no default export/],
    ['no-process.ts', /no-process\.ts: .* no function "process"; it has: onFrame, format/],
    ['bad-format.ts', /bad-format\.ts: format "rgb42"; there are: yuv420p/],
    ['bad-syntax.ts.broken', /bad-syntax\.ts\.broken: it can't be loaded: /],
    ['bad-setup.ts', /setup failed: no model \(line 3\)/],
  ];
  for (const [file, message] of wrong) {
    const { adapter, noted } = adapt(t, module(file));
    await t.rejects(adapter.start(never), { message });
    t.same(noted.losses, []);
  }
  const { adapter } = adapt(t, { by: 'builtin', name: 'no-such' });
  await t.rejects(adapter.start(never), { message: /relay:no-such: there is no such hook/ });
  const missing = adapt(t, command('/no/such/program'));
  await t.rejects(missing.adapter.start(never), { message: /can't be started: .*ENOENT/ });
  const ends = adapt(t, command(process.execPath, '-e', 'console.error("no camera today"); process.exit(4)'));
  await t.rejects(ends.adapter.start(never), { message: 'it ended with exit code 4: no camera today' });
});

t.test('a hook that ends: its frame fails with the cause, and it starts again', async (t) => {
  const ways: Record<string, RegExp> = {
    exits: /it ended with exit code 3: the hook called process.exit\(3\)/,
    segfaults: /it was killed by SIGSEGV/,
    'rejects-outside': /nobody caught a rejection: nobody looks \(line \d+\)/,
    'throws-outside': /nobody caught: undefined was thrown/,
  };
  for (const [what, reason] of Object.entries(ways)) {
    const { adapter, noted } = adapt(t, module('misbehaves.ts'), { options: { do: what } });
    await adapter.start(never);
    for (let n = 0; noted.losses.length === 0; n++) {
      await adapter.process(gray(n), never).catch((error: Error) => t.match(error.message, reason));
    }
    t.match(noted.losses, [reason]);
    await adapter.kill();
    await adapter.start(never);
    await adapter.kill();
  }
});

t.test('a hook that hangs: nobody waits, and it is ended', async (t) => {
  for (const what of ['hangs', 'never']) {
    const { adapter, noted } = adapt(t, module('misbehaves.ts'), { options: { do: what } });
    await adapter.start(never);
    const abort = new AbortController();
    const first = adapter.process(gray(0), abort.signal);
    const second = adapter.process(gray(1), abort.signal);
    abort.abort(new Error('took too long'));
    await t.rejects(first, { message: 'took too long' });
    await t.rejects(second, { message: 'took too long' });
    const third = adapter.process(gray(2), never);
    await Promise.all([t.rejects(third, { message: 'the hook was ended' }), adapter.kill()]);
    t.same(noted.losses, []);
  }
});

t.test('what a hook has forked ends with it', { skip: process.platform !== 'linux' }, async (t) => {
  const { adapter } = adapt(t, module('misbehaves.ts'), { options: { do: 'forks' } });
  await adapter.start(never);
  const { meta } = (await adapter.process(gray(0), never)) as { meta: { pid: number } };
  t.ok(alive(meta.pid));
  const starter = parentOf(parentOf(meta.pid));
  t.not(starter, process.pid, 'the process of libav, which must not fork');
  t.match(readFileSync(`/proc/${starter}/cmdline`, 'latin1'), /hooks\/spawner/);
  await adapter.kill();
  t.notOk(alive(meta.pid));
});

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

t.test('a start that nobody waits for leaves nothing', async (t) => {
  const { adapter } = adapt(t, command(process.execPath, '-e', 'setInterval(() => {}, 1000)'));
  const abort = new AbortController();
  const started = adapter.start(abort.signal);
  abort.abort(new Error('given up'));
  await t.rejects(started, { message: 'given up' });
  t.equal(adapter.memory(), 0);
});

t.test('what a hook prints is logged at a rate', async (t) => {
  const { adapter, noted } = adapt(t, module('misbehaves.ts'), { options: { do: 'prints' } });
  await adapter.start(never);
  await adapter.process(gray(0), never);
  await noted.until(({ lines }) => lines.some((line) => /\d+ more lines/.test(line)));
  t.equal(noted.lines[0], 'info: line 0');
  t.ok(noted.lines.length <= 60, `${noted.lines.length} lines`);
});

t.test('stop lets it tear down', async (t) => {
  const { adapter, noted } = adapt(t, module('mirrors.mjs'), { options: { do: 'nothing' } });
  await adapter.start(never);
  await adapter.stop();
  t.ok(noted.lines.includes('info: torn down'), noted.lines.join());
});

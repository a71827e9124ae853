/**
 * The process that starts the hooks of a worker. A worker can't itself: libsrt takes its locks in each process that is
 * forked (pthread_atfork), and where one of its threads held such a lock, the new process waits for ever, and with it
 * the thread that forked. Besides, a process with as much memory is slow to fork, and the picture must not wait.
 * It ends with the worker: its channel closes.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import type { FromSpawner, Output, ToSpawner } from './wire/distant-child.ts';

type Start = Extract<ToSpawner, { type: 'start' }>;

/** @param told called when the channel has taken it */
const tell = (message: FromSpawner, told = (): void => {}): void => {
  if (process.connected) process.send?.(message, told);
};

/** What a program prints, passed on no faster than the channel and the worker take it: nothing piles up here. */
class Outlet {
  readonly #stream: Readable;
  /** Who has it wait. */
  readonly #held = new Set<'channel' | 'worker'>();

  constructor(id: number, name: Output, stream: Readable) {
    this.#stream = stream;
    stream.on('data', (bytes: Uint8Array) => {
      this.hold('channel');
      tell({ id, type: name, bytes }, () => this.release('channel'));
    });
    stream.on('error', () => {});
  }

  hold(by: 'channel' | 'worker'): void {
    this.#held.add(by);
    this.#stream.pause();
  }

  release(by: 'channel' | 'worker'): void {
    this.#held.delete(by);
    if (this.#held.size === 0) this.#stream.resume();
  }
}

const outlets = new Map<number, Record<Output, Outlet>>();

// They go to the whole group; when hooks end is said by the worker.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('disconnect', () => process.exit());
process.on('message', (message: ToSpawner) => {
  if (message.type === 'start') start(message);
  else {
    const outlet = outlets.get(message.id)?.[message.stream];
    if (message.type === 'pause') outlet?.hold('worker');
    else outlet?.release('worker');
  }
});

function start(message: Start): void {
  const { id, niceness } = message;
  let child: ReturnType<typeof spawned>;
  try {
    child = spawned(message);
  } catch (error) {
    // Some of what the system says to a start is thrown: an environment that is too large, no more descriptors.
    tell({ id, type: 'error', message: messageOf(error) });
    tell({ id, type: 'close' });
    return;
  }
  const { stdout, stderr } = child;
  outlets.set(id, { stdout: new Outlet(id, 'stdout', stdout), stderr: new Outlet(id, 'stderr', stderr) });
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, niceness);
    } catch {
      // it ended already
    }
    tell({ id, type: 'started', pid: child.pid });
  }
  child.on('error', ({ message }) => tell({ id, type: 'error', message }));
  child.once('exit', (code, signal) => tell({ id, type: 'exit', code, signal }));
  child.once('close', () => {
    outlets.delete(id);
    tell({ id, type: 'close' });
  });
}

function spawned({ file, args, options }: Start): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  // Where there was no descriptor left for them: its error comes as an event.
  if (child.stdout === undefined) throw new Error(`spawn ${file}: too many open files`);
  return child;
}

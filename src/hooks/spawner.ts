/**
 * The process that starts the hooks of a worker. A worker can't itself: libsrt takes its locks in each process that is
 * forked (pthread_atfork), and where one of its threads held such a lock, the new process waits for ever, and with it
 * the thread that forked. Besides, a process with as much memory is slow to fork, and the picture must not wait.
 * It ends with the worker: its channel closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { FromSpawner, ToSpawner } from './wire/distant-child.ts';

const tell = (message: FromSpawner): void => {
  if (process.connected) process.send?.(message);
};

const children = new Map<number, ChildProcess>();

// They go to the whole group; when hooks end is said by the worker.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('disconnect', () => process.exit());
process.on('message', (message: ToSpawner) => {
  if (message.type === 'start') start(message);
  else {
    const stream = children.get(message.id)?.[message.stream];
    if (message.type === 'pause') stream?.pause();
    else stream?.resume();
  }
});

function start({ id, file, args, options, niceness }: Extract<ToSpawner, { type: 'start' }>): void {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  children.set(id, child);
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, niceness);
    } catch {
      // it ended already
    }
    tell({ id, type: 'started', pid: child.pid });
  }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (bytes: Uint8Array) => tell({ id, type: name, bytes }));
    child[name].on('error', () => {});
  }
  child.on('error', ({ message }) => tell({ id, type: 'error', message }));
  child.once('exit', (code, signal) => tell({ id, type: 'exit', code, signal }));
  child.once('close', () => {
    children.delete(id);
    tell({ id, type: 'close' });
  });
}

/**
 * Runs as a thread of a worker: starts programs. Whoever starts a program waits until the new process has become that
 * program; on a busy machine, with as much memory as a worker has, that once took seconds, and the picture must not wait.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { FromSpawner, ToSpawner } from './wire/thread-child.ts';

const port = parentPort!;
const tell = (message: FromSpawner): void => port.postMessage(message);

const children = new Map<number, ChildProcess>();

port.on('message', (message: ToSpawner) => {
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

/** A program that another thread starts, with the part of ChildProcess that is used of it. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { entryOf } from '../../children/entry.ts';

export interface SpawnOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  detached: boolean;
  windowsHide: boolean;
}

type Output = 'stdout' | 'stderr';

export type ToSpawner = { id: number } & (
  | { type: 'start'; file: string; args: string[]; options: SpawnOptions; niceness: number }
  /** A program that prints more than is read is made to wait. */
  | { type: 'pause' | 'resume'; stream: Output }
);

export type FromSpawner = { id: number } & (
  | { type: 'started'; pid: number }
  | { type: Output; bytes: Uint8Array }
  | { type: 'error'; message: string }
  | { type: 'exit'; code: number | null; signal: NodeJS.Signals | null }
  | { type: 'close' }
);

interface Events {
  started: [pid: number];
  error: [error: Error];
  exit: [code: number | null, signal: NodeJS.Signals | null];
  close: [];
}

export class ThreadChild extends EventEmitter<Events> {
  /** undefined until it was started. */
  pid: number | undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly #send: (type: 'pause' | 'resume', stream: Output) => void;

  constructor(send: (type: 'pause' | 'resume', stream: Output) => void) {
    super();
    this.#send = send;
  }

  take(message: FromSpawner): void {
    if (message.type === 'started') {
      this.pid = message.pid;
      this.emit('started', message.pid);
    } else if (message.type === 'stdout' || message.type === 'stderr')
      this.#print(message.type, message.bytes);
    else if (message.type === 'error') this.emit('error', new Error(message.message));
    else if (message.type === 'exit') this.emit('exit', message.code, message.signal);
    else {
      this.stdout.end();
      this.stderr.end();
      this.emit('close');
    }
  }

  #print(name: Output, bytes: Uint8Array): void {
    const stream = this[name];
    if (stream.destroyed || stream.write(bytes)) return;
    this.#send('pause', name);
    stream.once('drain', () => this.#send('resume', name));
  }
}

/** The thread, and the programs that it was asked for. It keeps its process running as long as one of them runs. */
export class Spawner {
  // Without what its process was started with: loaders cost a second.
  readonly #thread = new Worker(entryOf('hooks/spawner'), { execArgv: [] });
  readonly #children = new Map<number, ThreadChild>();
  #next = 0;

  constructor() {
    this.#thread.on('message', (message: FromSpawner) => {
      this.#children.get(message.id)?.take(message);
      if (message.type !== 'close') return;
      this.#children.delete(message.id);
      if (this.#children.size === 0) this.#thread.unref();
    });
    this.#thread.on('error', (error) => {
      for (const child of this.#children.values()) child.emit('error', error);
    });
    // After the listeners, which would hold it.
    this.#thread.unref();
  }

  spawn(file: string, args: string[], options: SpawnOptions, niceness: number): ThreadChild {
    const id = this.#next++;
    const send = (message: ToSpawner): void => this.#thread.postMessage(message);
    const child = new ThreadChild((type, stream) => send({ id, type, stream }));
    this.#children.set(id, child);
    this.#thread.ref();
    send({ id, type: 'start', file, args, options, niceness });
    return child;
  }

  close(): void {
    void this.#thread.terminate();
  }
}

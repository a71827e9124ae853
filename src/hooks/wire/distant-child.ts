/** A program that another process of ours starts, with the part of ChildProcess that is used of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { entryOf } from '../../children/entry.ts';

export interface SpawnOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  detached: boolean;
  windowsHide: boolean;
}

export type Output = 'stdout' | 'stderr';

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

export class DistantChild extends EventEmitter<Events> {
  /** undefined until it was started. */
  pid: number | undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly #send: (type: 'pause' | 'resume', stream: Output) => void;
  readonly #paused = new Set<Output>();

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
    if (stream.destroyed || stream.write(bytes) || this.#paused.has(name)) return;
    this.#paused.add(name);
    this.#send('pause', name);
    const resume = (): void => {
      stream.off('drain', resume).off('close', resume);
      this.#paused.delete(name);
      this.#send('resume', name);
    };
    // Nobody reads on: what it prints goes nowhere, and it isn't made to wait.
    stream.once('drain', resume).once('close', resume);
  }
}

/** Milliseconds in which a program is started, or is known not to be. */
const PATIENCE = 20_000;

/** A megabyte of garbage is enough to pass lines on. */
const SMALL = ['--max-semi-space-size=1', '--max-old-space-size=32'];

/**
 * The process that starts them (spawner.ts), and the programs that it was asked for. It must be made before libav opens
 * a connection by SRT. It keeps its parent running as long as one of them runs.
 */
export class Spawner {
  readonly #process: ChildProcess;
  readonly #children = new Map<number, DistantChild>();
  #next = 0;
  #closed = false;

  /** @param prefix stands in front of the command: what ties a child to the life of this process */
  constructor(prefix: readonly string[], env: NodeJS.ProcessEnv) {
    const [file, ...args] = [...prefix, process.execPath, ...SMALL, entryOf('hooks/spawner')] as [string];
    this.#process = spawn(file, args, {
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      windowsHide: true,
    });
    this.#process.on('message', (message: FromSpawner) => {
      this.#children.get(message.id)?.take(message);
      if (message.type !== 'close') return;
      this.#children.delete(message.id);
      if (this.#children.size === 0) this.#process.channel?.unref();
    });
    this.#process.on('error', this.#lost).once('exit', this.#lost);
    this.#process.unref();
    // After the listeners, which would hold it.
    this.#process.channel?.unref();
  }

  spawn(file: string, args: string[], options: SpawnOptions, niceness: number): DistantChild {
    const id = this.#next++;
    const send = (message: ToSpawner): boolean => this.#process.connected && this.#process.send(message);
    const child = new DistantChild((type, stream) => send({ id, type, stream }));
    const hangs = setTimeout(this.#lost, PATIENCE).unref();
    for (const event of ['started', 'error'] as const) child.once(event, () => clearTimeout(hangs));
    this.#children.set(id, child);
    this.#process.channel?.ref();
    send({ id, type: 'start', file, args, options, niceness });
    return child;
  }

  close(): void {
    this.#closed = true;
    if (this.#process.connected) this.#process.disconnect();
  }

  /** Another could not be made any more. Whoever watches this process starts it anew. */
  readonly #lost = (): void => {
    if (this.#closed) return;
    process.stderr.write('the process that starts hooks has ended, or hangs\n');
    process.exit(1);
  };
}

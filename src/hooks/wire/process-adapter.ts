/**
 * Hooks in processes of their own: `command:` runs what the user says, `module:` and built-in hooks run in
 * host.js. Both speak the wire of docs/hook-wire.md over a socket in the job's folder.
 */
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryOf } from '../../children/entry.ts';
import { hookEnv } from '../../children/env.ts';
import { WORKER_MARK } from '../../children/leftovers.ts';
import type { Adapter, AdapterHost, Answer, ShownFrame, Wishes } from '../adapter.ts';
import type { WorkerJob } from '../job.ts';
import type { HookRunner } from '../spec.ts';
import { Decoder, encode, WIRE_VERSION, WireError } from './codec.ts';
import type { Spawner } from './distant-child.ts';
import { Frames } from './frames.ts';
import { Listener } from './listener.ts';
import { type BadResult, type FromHook, type Hello, readMessage, type ToHook } from './messages.ts';
import { Program } from './program.ts';

/** Milliseconds that a hook gets to tear down. */
const TEARDOWN = 1000;
/** Milliseconds between the end of a hook's connection and that of its process, to learn the cause. */
const CAUSE = 300;

export type ProcessJob = Pick<WorkerJob, 'route' | 'hook' | 'dir' | 'prefix'>;

export function createProcessAdapter(job: ProcessJob, host: AdapterHost, spawner: Spawner): Adapter {
  let life: Life | undefined;
  return {
    async start(signal) {
      await life?.kill();
      signal.throwIfAborted();
      life = new Life(job, host, await Listener.open(job.dir), spawner);
      return life.start(signal);
    },
    async process(frame, signal) {
      if (life === undefined) throw new Error('the hook was not started');
      return life.process(frame, signal);
    },
    kill: async () => life?.kill(),
    stop: async () => life?.stop(),
    memory: () => life?.program.memory() ?? 0,
  };
}

/** From the start of a process to its end. */
class Life {
  readonly program: Program;
  readonly #job: ProcessJob;
  readonly #host: AdapterHost;
  readonly #listener: Listener;
  readonly #started: Promise<Wishes>;
  #startedWith!: { resolve(wishes: Wishes): void; reject(reason: unknown): void };
  #socket: Socket | undefined;
  #hello: Hello | undefined;
  #frames: Frames | undefined;
  #ready = false;
  /** What it said of itself before it ended. */
  #lastWord: string | undefined;
  /** Ended by us, or known to have ended: nothing more is to be told. */
  #over = false;

  constructor(job: ProcessJob, host: AdapterHost, listener: Listener, spawner: Spawner) {
    this.#job = job;
    this.#host = host;
    this.#listener = listener;
    this.#started = new Promise((resolve, reject) => {
      this.#startedWith = { resolve, reject };
    });
    this.#started.catch(() => {}); // start() tells
    const { runner } = job.hook;
    this.program = new Program({
      argv: [...job.prefix, ...argvOf(runner)],
      dir: runner.by === 'command' ? runner.dir : process.cwd(),
      env: { ...environment(job), ...listener.env },
      log: (line) => host.log('info', line),
      spawner,
    });
    listener.onConnection((socket) => this.#connected(socket));
    void this.program.ended.then((cause) => this.#programEnded(cause));
  }

  async start(signal: AbortSignal): Promise<Wishes> {
    const abort = (): void => this.#startedWith.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await this.#started;
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async process(frame: ShownFrame, signal: AbortSignal): Promise<Answer> {
    if (this.#frames === undefined || !this.#ready) throw new Error('the hook is not ready');
    return this.#frames.show(frame, signal);
  }

  async kill(): Promise<void> {
    this.#over = true;
    this.#listener.close();
    this.#startedWith.reject(new Error('the hook was ended'));
    this.#frames?.end('the hook was ended');
    await this.program.kill();
    this.#socket?.destroy();
    this.#frames?.close();
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.#send({ type: 'stop' });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#socket === undefined ? 0 : TEARDOWN);
    });
    await Promise.race([this.program.ended, late]);
    clearTimeout(timer);
    await this.kill();
  }

  #connected(socket: Socket): void {
    const decoder = new Decoder();
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      try {
        for (const message of decoder.push(chunk)) {
          if (!socket.destroyed) this.#take(socket, readMessage(message), message.payload);
        }
      } catch (error) {
        socket.destroy();
        if (!(error instanceof WireError)) throw error;
        const ours = this.#socket === socket || this.#listener.admits(undefined);
        if (ours) this.#lose(`it does not speak the wire: ${error.message}`);
      }
    });
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      // Its process tells why, if it ends too.
      const timer = setTimeout(() => this.#lose('it closed its connection'), CAUSE);
      void this.program.ended.then(() => clearTimeout(timer));
    });
  }

  #take(socket: Socket, message: FromHook | BadResult, payload: Buffer): void {
    if (this.#hello === undefined) {
      // A hook that can't even be loaded has no hello to say.
      if (message.type === 'failed' && this.#listener.admits(undefined)) this.#lose(message.message);
      else if (message.type !== 'hello') throw new WireError(`${message.type} before hello`);
      else this.#greet(socket, message);
      return;
    }
    if (socket !== this.#socket) throw new WireError('a second connection');
    switch (message.type) {
      case 'hello':
        throw new WireError('a second hello');
      case 'ready':
        this.#ready = true;
        this.#startedWith.resolve(wishesOf(this.#hello));
        return;
      case 'mapped':
        this.#frames!.mapped(message.file, message.ok);
        return;
      case 'result':
      case 'bad-result':
        this.#frames!.answered(message, payload);
        return;
      case 'event':
        this.#host.event(message.name, message.data);
        return;
      case 'log':
        this.#host.log(message.level, message.message);
        return;
      case 'failed':
        this.#lastWord = message.message;
        // Its process may hang in its own end.
        this.#lose(message.message);
    }
  }

  #greet(socket: Socket, hello: Hello): void {
    if (!this.#listener.admits(hello.token)) throw new WireError('a hello without the token');
    this.#socket = socket;
    this.#listener.close();
    if (hello.version !== WIRE_VERSION) {
      throw new WireError(`it speaks version ${hello.version}, this is version ${WIRE_VERSION}`);
    }
    this.#hello = hello;
    const { hook, route, dir } = this.#job;
    this.#frames = new Frames({
      credits: hello.credits,
      folders: hello.memory ? [...(existsSync('/dev/shm') ? ['/dev/shm'] : []), dir] : [],
      pixels: hook.mode === 'inline',
      send: (bytes) => socket.write(bytes),
    });
    this.#send({
      type: 'hello',
      version: WIRE_VERSION,
      route,
      mode: hook.mode,
      options: hook.options,
      ...(hook.format && { format: hook.format }),
      ...(hook.size && { size: hook.size }),
    });
  }

  #send(message: ToHook): void {
    if (this.#socket?.writable) this.#socket.write(encode({ ...message }));
  }

  #programEnded(cause: string): void {
    const socket = this.#socket;
    const tell = (): void => this.#lose(this.#lastWord ?? cause);
    if (socket === undefined || socket.closed) {
      tell();
      return;
    }
    // What it has sent may still be on its way; a fork of it may hold the connection open.
    const timer = setTimeout(tell, CAUSE);
    socket.once('close', () => {
      clearTimeout(timer);
      tell();
    });
  }

  #lose(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.destroy();
    this.#listener.close();
    this.#frames?.end(reason);
    this.#startedWith.reject(new Error(reason));
    if (this.#ready) this.#host.lost(reason);
  }
}

function argvOf(runner: HookRunner): readonly string[] {
  switch (runner.by) {
    case 'command':
      return runner.argv;
    case 'module':
      return [process.execPath, entryOf('hooks/host'), `module:${runner.file}`];
    case 'builtin':
      return [process.execPath, entryOf('hooks/host'), `builtin:${runner.name}`];
    case 'http':
      throw new TypeError('a hook over HTTP has no process');
  }
}

function environment({ hook, dir }: ProcessJob): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...hookEnv(), ...hook.env, [WORKER_MARK]: dir };
  if (hook.runner.by !== 'command') return env;
  // So that `from relay_hook import run` works wherever the script is.
  const client = fileURLToPath(new URL('../../../clients/python', import.meta.url));
  return { ...env, PYTHONPATH: [env['PYTHONPATH'], client].filter(Boolean).join(delimiter) };
}

function wishesOf({ format, size, credits }: Hello): Wishes {
  return { ...(format && { format }), ...(size && { size }), inFlight: credits };
}

/**
 * TypeScript to JavaScript in a thread that ends once all is loaded: the compiler takes 20 MB, which the process of a
 * hook would hold as long as it lives.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { TransformOptions, TransformResult } from 'jiti';
import { entryOf } from '../../children/entry.ts';
import type { Compiled, CompilerStart } from './compiler-thread.ts';

/** Milliseconds for one file, on a machine that has much else to do. */
const PATIENCE = 20_000;
/** Milliseconds for which it is kept: a hook may import more when it needs it. */
const IDLE = 500;

export class Compiler {
  #thread: ReturnType<typeof start> | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Waits for the answer, as the one who imports must. Throws what the compiler throws. */
  readonly compile = (file: TransformOptions): TransformResult => {
    this.#thread ??= start();
    const { port, answers } = this.#thread;
    const before = Atomics.load(answers, 0);
    port.postMessage(file);
    Atomics.wait(answers, 0, before, PATIENCE);
    const answer: { message: Compiled } | undefined = receiveMessageOnPort(port);
    if (answer === undefined) {
      this.#end();
      throw new Error(`it was not compiled within ${PATIENCE / 1000} s`);
    }
    this.#endWhenIdle();
    if ('error' in answer.message) throw answer.message.error;
    return answer.message;
  };

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), IDLE).unref();
  }

  #end(): void {
    this.#thread?.port.close();
    void this.#thread?.worker.terminate();
    this.#thread = undefined;
  }
}

function start() {
  const { port1: port, port2: theirs } = new MessageChannel();
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const workerData: CompilerStart = { port: theirs, answers };
  const options = { workerData, transferList: [theirs], execArgv: [] };
  const worker = new Worker(entryOf('hooks/host/compiler-thread'), options);
  // It told by its silence.
  worker.on('error', () => {});
  worker.unref();
  return { port, answers, worker };
}

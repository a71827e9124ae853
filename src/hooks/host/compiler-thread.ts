/** The thread of compiler.ts: takes files, answers with their JavaScript. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { createJiti, type TransformOptions } from 'jiti';

export interface CompilerStart {
  port: MessagePort;
  /** The number of answers so far; who waits for one is woken. */
  answers: Int32Array<SharedArrayBuffer>;
}

export type Compiled = { code: string } | { error: unknown };

const { port, answers } = workerData as CompilerStart;
const jiti = createJiti(import.meta.url, { fsCache: false });

port.on('message', (file: TransformOptions) => {
  port.postMessage(compiled(file));
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
});

function compiled(file: TransformOptions): Compiled {
  try {
    return { code: jiti.transform(file) };
  } catch (error) {
    return { error };
  }
}

/** One hook on one connection: hello, setup, frames one after the other, teardown. */
import type { Hook, HookContext } from '../contract.ts';
import { encode, type Message, WIRE_VERSION } from '../wire/codec.ts';
import { createMapper, openShared } from '../wire/memory.ts';
import type { FrameMessage, ToHook } from '../wire/messages.ts';
import { answerOf } from './answer.ts';
import type { Connection } from './connection.ts';
import { createFrame, type Pixels } from './frame.ts';
import { Places } from './places.ts';
import { words } from './words.ts';

type Greeting = Extract<ToHook, { type: 'hello' }>;

export interface HookRun {
  take(message: Message): void;
}

export interface RunOptions {
  /** Of the user's code, for the lines of its errors. */
  file: string | undefined;
  token: string | undefined;
  /** It is over: by word of the worker, or because it can't go on. */
  onStop(): void;
  onFailure(what: 'setup' | 'teardown', error: unknown): void;
}

export function runHook(hook: Hook, connection: Connection, options: RunOptions): HookRun {
  const abort = new AbortController();
  const mapper = createMapper();
  let places: Places | undefined;
  let context: HookContext;
  let mode: Greeting['mode'];
  /** Frames and changes of the memory that they lie in are handled one after the other. */
  let queue = Promise.resolve();

  connection.send({
    type: 'hello',
    version: WIRE_VERSION,
    ...(hook.format && { format: hook.format }),
    ...(hook.size && { size: hook.size }),
    credits: 1,
    memory: mapper !== undefined,
    ...(options.token && { token: options.token }),
  });

  async function begin(greeting: Greeting): Promise<void> {
    mode = greeting.mode;
    context = Object.freeze({
      route: greeting.route,
      options: greeting.options,
      signal: abort.signal,
      log: (message: string) => connection.send({ type: 'log', message: String(message).slice(0, 10_000) }),
      event: (name: string, data?: unknown) => connection.send({ type: 'event', name, data }),
    });
    await hook.setup?.(context);
    connection.send({ type: 'ready' });
  }

  function remap({ file, bytes }: Extract<ToHook, { type: 'memory' }>): void {
    places?.close();
    const memory = mapper && openShared(mapper, file, bytes);
    places = memory && new Places(memory);
    connection.send({ type: 'mapped', file, ok: memory !== undefined });
  }

  async function show(message: FrameMessage, payload: Buffer): Promise<void> {
    const { pixels, place } = whereabouts(message, payload, places);
    const { frame, touched, settle } = createFrame(message, pixels);
    try {
      const returned = await hook.process(frame, context);
      connection.write(
        answerOf({ message, frame, returned, touched: touched(), place, pixels: mode === 'inline' }),
      );
    } catch (error) {
      connection.write(
        encode({ type: 'result', sequence: message.sequence, error: words(error, options.file) }),
      );
    } finally {
      settle();
    }
  }

  async function end(): Promise<void> {
    abort.abort();
    try {
      await hook.teardown?.();
    } finally {
      options.onStop();
    }
  }

  return {
    take({ header, payload }) {
      const message = header as unknown as ToHook;
      switch (message.type) {
        case 'hello':
          begin(message).catch((error) => options.onFailure('setup', error));
          return;
        case 'memory':
          queue = queue.then(() => remap(message));
          return;
        case 'frame':
          queue = queue.then(() => show(message, payload));
          return;
        case 'stop':
          end().catch((error) => options.onFailure('teardown', error));
      }
    },
  };
}

/** The frame's pixels, and its place in shared memory, which may be larger. */
function whereabouts(
  { memory, bytes }: FrameMessage,
  payload: Buffer,
  places: Places | undefined,
): { pixels: Pixels; place: Uint8Array | undefined } {
  if (memory === undefined) {
    return { pixels: { open: () => payload.buffer as ArrayBuffer, close() {} }, place: undefined };
  }
  if (places === undefined) throw new Error('a frame in memory that was not mapped');
  return {
    pixels: { open: () => places.show(memory.offset, bytes), close: () => places.settle() },
    place: places.place(memory.offset, memory.bytes),
  };
}

/**
 * The stage between decoder and encoder: shows pictures to the hook, and keeps the stream going whatever the hook
 * does. Opens this folder: `inline` and `overlay` are the two ways a picture goes, `runner` is the life of the hook.
 */
import type { Adapter, AdapterHost } from '../adapter.ts';
import type { WorkerReport } from '../job.ts';
import { Samples } from '../meter.ts';
import type { Decoded, Stage } from '../picture.ts';
import type { HookSpec } from '../spec.ts';
import { after, type Clock } from './clock.ts';
import { type Flow, Inline } from './inline.ts';
import { Outlet } from './outlet.ts';
import { Beside } from './overlay.ts';
import { Runner } from './runner.ts';

/** Milliseconds that frames under way get when the stage is stopped. */
const FLUSH = 200;

export interface StageSettings {
  spec: HookSpec;
  /** Makes a fresh one for each start of the hook. */
  adapter: (host: AdapterHost) => Adapter;
  /** Gets the picture, and frees it. */
  emit: (picture: Decoded) => void;
  report: (report: WorkerReport) => void;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Of the platform unless a test has its own. */
  after?: Clock['after'];
  random?: () => number;
  /** For a file instead of a live stream: the hook's start is waited for. Wants `whenBehind: block`. */
  everyFrame?: boolean;
  /** Gets each time as it is taken. */
  timed?: (phase: 'convert' | 'queueAge' | 'hook', ms: number) => void;
}

export function createStage(settings: StageSettings): Stage {
  const { spec, report } = settings;
  const clock: Clock = { now: settings.now, after: settings.after ?? after };
  const phases = { hook: new Samples(), convert: new Samples(), queueAge: new Samples() };
  const read = (phase: keyof typeof phases) => phases[phase].percentiles(clock.now());
  const outlet = new Outlet(spec.onError, settings.emit);
  let flush = () => {};
  let stopping: Promise<void> | undefined;

  const runner = new Runner({
    spec,
    adapter: settings.adapter,
    clock,
    random: settings.random ?? Math.random,
    report,
    everyFrame: settings.everyFrame ?? false,
    spent: (phase, ms) => {
      phases[phase].add(ms, clock.now());
      settings.timed?.(phase, ms);
    },
    changed: () => {
      // With onError: stop nothing is seen from the moment that it is down.
      if (runner.state !== 'ready') outlet.faulty = true;
      flow.changed();
      if (flow.idle) flush();
    },
  });
  const flowSettings = {
    spec,
    runner,
    outlet,
    clock,
    usual: () => read('hook').p50,
    everyFrame: settings.everyFrame ?? false,
  };
  const flow: Flow =
    spec.mode === 'inline'
      ? new Inline(flowSettings)
      : new Beside(flowSettings, (message) => report({ type: 'log', level: 'warn', message }));
  runner.start();

  async function stop(): Promise<void> {
    if (!flow.idle) {
      await new Promise<void>((resolve) => {
        const off = clock.after(FLUSH, resolve);
        flush = () => {
          off();
          resolve();
        };
      });
    }
    flow.close();
    await runner.stop();
    outlet.close();
  }

  return {
    push(picture) {
      if (stopping) picture.free();
      else flow.push(picture);
    },
    get full() {
      return stopping === undefined && flow.full;
    },
    whenRoom: (callback) => flow.whenRoom(callback),
    get muted() {
      return outlet.muted;
    },
    reload: () => runner.reload(),
    figures: () => ({
      state: runner.state,
      dropped: flow.dropped + outlet.withheld,
      errors: runner.errors,
      answered: runner.answered,
      restarts: runner.restarts,
      ...(runner.lastError !== undefined && { lastError: runner.lastError }),
      hook: read('hook'),
      convert: read('convert'),
      queueAge: read('queueAge'),
      memory: runner.memory,
    }),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/**
 * A hook over a clip by the steps of a live route, but for what time does there: no frame is dropped because the hook
 * is slow, times are those of the clip, and the clock on the wall begins with the clip, so that runs are alike.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import type { Adapter, Answer, ShownFrame } from '../adapter.ts';
import { type AdapterJob, adaptersOf } from '../adapters.ts';
import type { Overlay, Size } from '../contract.ts';
import { drawOverlay } from '../draw/overlay.ts';
import type { WorkerReport } from '../job.ts';
import type { Clip } from '../libav/clip.ts';
import { LibavPicture } from '../libav/picture.ts';
import type { Sink } from '../libav/publish.ts';
import { Loop } from '../loop.ts';
import type { Decoded, Stage } from '../picture.ts';
import { createStage } from '../stage/stage.ts';
import { TICKS } from '../timeline.ts';
import type { FrameError, Phase } from './job.ts';

export interface TrialOptions {
  job: AdapterJob;
  clip: Clip;
  /** Headers of the encoder as this format has them. */
  format: string;
  sink: Sink;
  /** One for pictures that are the same each time. */
  decoderThreads?: number;
  timed?: (phase: Phase, ms: number) => void;
  /** The hook has answered for this frame; `dropped` where that was its answer. */
  answered?: (frame: ShownFrame, dropped: boolean) => void;
  /** A picture as it goes to the encoder, in order. What it throws ends the trial. */
  picture?: (picture: LibavPicture) => void;
  report: (report: WorkerReport) => void;
}

/** 2000-01-01T00:00:00Z */
const EPOCH = 946_684_800_000;
const LOOK = 5;

export class Trial {
  emitted = 0;
  answered = 0;
  /** Of the hook. */
  firstError: FrameError | undefined;
  /** Why there is no use in going on. */
  broken: string | undefined;
  readonly #options: TrialOptions;
  readonly #loop: Loop;
  #stage!: Stage;
  #clip: Clip;
  #pushed = 0;
  #stopped = false;
  /** Mode overlay: what is drawn from which frame on. */
  readonly #overlays = new Map<number, { overlay: Overlay | undefined; size: Size; time: number }>();
  #drawn: { overlay: Overlay | undefined; size: Size; time: number } | undefined;
  #warned = false;

  constructor(options: TrialOptions) {
    const { job, format, sink, decoderThreads, timed, report } = options;
    this.#options = options;
    this.#clip = options.clip;
    this.#loop = new Loop({
      video: { codec: 'h264', gop: 2 },
      targets: [{ url: '', format }],
      hardware: decoderThreads === undefined ? job.hook.hardware : 'none',
      soundHold: Number.POSITIVE_INFINITY,
      everyFrame: true,
      sink,
      decoderThreads,
      ...(timed && { timed }),
      stage: (emit) => this.#stageFor(emit),
      draw: drawOverlay,
      log: (level, message) => report({ type: 'log', level, message }),
    });
  }

  /** Pictures that were decoded. */
  get decoded(): number {
    return this.#loop.figures().in;
  }

  figures() {
    return this.#stage.figures();
  }

  /** All of a clip; may be called again with another one, which goes on where this one ends. */
  async run(clip: Clip): Promise<void> {
    this.#clip = clip;
    if (this.#stopped) return;
    await this.#loop.run(clip);
    // What the hook has is not lost: it answers, or fails by its timeout.
    while (!this.#stopped && this.#pushed > this.emitted + this.#stage.figures().dropped) await delay(LOOK);
  }

  /** Nothing more is read. */
  end(): void {
    this.#stopped = true;
    this.#clip.stop();
  }

  /** Ends the hook and the encoder, whose last packets go to the sink, and closes that. */
  async stop(): Promise<void> {
    this.end();
    await this.#loop.stop();
  }

  #stageFor(emit: (picture: Decoded) => void): Stage {
    const { job, report, timed } = this.#options;
    const adapter = adaptersOf(job);
    const stage = createStage({
      // With mode overlay each frame is drawn what was found on itself: whose turn it is must not depend on the machine.
      spec: { ...job.hook, mode: 'inline', whenBehind: 'block' },
      adapter: (host) => this.#watch(adapter(host)),
      emit: (picture) => this.#emit(picture, emit),
      // Nothing is started again after its first start has failed.
      report: (said) => this.broken || report(this.#inTime(said)),
      now: () => performance.now(),
      everyFrame: true,
      ...(timed && { timed: (phase, ms) => phase !== 'queueAge' && timed(phase, ms) }),
    });
    this.#stage = stage;
    return {
      push: (picture) => {
        this.#pushed++;
        stage.push(picture);
      },
      get full() {
        return stage.full;
      },
      whenRoom: (callback) => stage.whenRoom(callback),
      // A file can't be interrupted as a stream can: frames are missing, the sound goes on.
      muted: false,
      reload: () => {},
      figures: () => stage.figures(),
      stop: () => stage.stop(),
    };
  }

  #watch(adapter: Adapter): Adapter {
    let ready = false;
    return {
      start: async (signal) => {
        try {
          const wishes = await adapter.start(signal);
          ready = true;
          return wishes;
        } catch (error) {
          if (!ready && !signal.aborted) this.#break(`the hook doesn't start: ${messageOf(error)}`);
          throw error;
        }
      },
      process: async (shown, signal) => {
        const frame = this.#asOfClip(shown);
        try {
          const answer = await adapter.process(frame, signal);
          this.answered++;
          this.#options.answered?.(frame, answer.drop === true);
          return this.#options.job.hook.mode === 'overlay' ? this.#aside(frame, answer) : answer;
        } catch (error) {
          if (!this.#stopped) this.#failed(frame, messageOf(error));
          throw error;
        }
      },
      kill: () => adapter.kill(),
      stop: () => adapter.stop(),
      memory: () => adapter.memory(),
    };
  }

  #asOfClip(shown: ShownFrame): ShownFrame {
    const pts = this.#clip.time(shown.pts);
    const timestamp = Math.round(pts / 0.09);
    return { ...shown, pts: BigInt(pts), timestamp, wallClock: EPOCH + Math.round(timestamp / 1000) };
  }

  #inTime(said: WorkerReport): WorkerReport {
    if (said.type !== 'event' && said.type !== 'meta') return said;
    if (said.timestamp === undefined) return said;
    return { ...said, timestamp: Math.round(this.#clip.time(Math.round(said.timestamp * 0.09)) / 0.09) };
  }

  /** The picture stays as it is but for what is drawn. */
  #aside({ sequence, pts, width, height }: ShownFrame, { drop, picture, ...answer }: Answer): Answer {
    const { overlay } = answer;
    this.#overlays.set(sequence, { overlay, size: { width, height }, time: Number(pts) });
    if ((drop || picture) && !this.#warned) {
      this.#warned = true;
      const message = 'the hook answers with frames or drops them: in mode overlay that has no effect';
      this.#options.report({ type: 'log', level: 'warn', message });
    }
    return answer;
  }

  #failed({ sequence, pts }: ShownFrame, message: string): void {
    if (this.firstError) return;
    const first: FrameError = { sequence, time: Number(pts) / TICKS, message };
    this.firstError = first;
    // Of a hook that was killed the stage knows why, a moment later.
    setImmediate(() => {
      first.message = this.#stage.figures().lastError ?? message;
    });
  }

  #emit(picture: Decoded, emit: (picture: Decoded) => void): void {
    this.emitted++;
    try {
      if (this.#options.job.hook.mode === 'overlay') this.#draw(picture);
      if (picture instanceof LibavPicture && !this.broken) this.#options.picture?.(picture);
    } catch (error) {
      this.#break(messageOf(error));
    }
    emit(picture);
  }

  /** Frames that the hook is not shown get what was found on the one before them, until that fades. */
  #draw(picture: Decoded): void {
    const own = this.#overlays.get(picture.sequence);
    this.#overlays.delete(picture.sequence);
    if (own) this.#drawn = own;
    const last = this.#drawn;
    if (own || !last?.overlay) return;
    const age = this.#clip.time(picture.pts) - last.time;
    if (age < this.#options.job.hook.fade * TICKS) picture.draw(last.overlay, last.size);
  }

  #break(why: string): void {
    this.broken ??= why;
    this.end();
  }
}

/** The encoders that may be had, best first, and what each of them must be told. */
import { AV_PIX_FMT_NV12, AV_PIX_FMT_VAAPI, AV_PIX_FMT_YUV420P, type AVCodecFlag } from 'node-av/constants';
import { Codec, CodecContext, Frame, HardwareFramesContext, Rational } from 'node-av/lib';
import type { WorkerVideo } from '../job.ts';
import type { Hardware } from '../spec.ts';
import { failure, ticks } from './formats.ts';
import { type Device, deviceOrder, openDevice } from './hardware.ts';
import { Scaler } from './scale.ts';
import { threadsFor } from './threads.ts';

export interface OpenEncoder {
  context: CodecContext;
  /** The frame as this encoder takes it: itself, or one that `release` gets back. */
  prepare(frame: Frame): Frame;
  release(frame: Frame): void;
}

interface Wanted {
  video: WorkerVideo;
  hardware: Hardware;
  fps: number;
  log(message: string): void;
}

/** Key frames are asked for one by one: the encoder's own count never gets there. */
const NEVER = 100_000;

/** Quality where no rate is asked for, on each encoder's own scale. */
const CRF = '23';

const software = {
  h264: {
    name: 'libx264',
    options: { preset: 'veryfast', tune: 'zerolatency', sc_threshold: '0', 'forced-idr': '1' },
  },
  hevc: {
    name: 'libx265',
    options: {
      preset: 'ultrafast',
      tune: 'zerolatency',
      'forced-idr': '1',
      'x265-params': 'log-level=error:scenecut=0:bframes=0',
    },
  },
} as const;

const onCard: Record<Device, Record<string, string>> = {
  nvenc: { preset: 'p3', tune: 'ull', delay: '0', zerolatency: '1', 'forced-idr': '1' },
  qsv: { preset: 'veryfast', async_depth: '1', low_power: '0', forced_idr: '1' },
  vaapi: { async_depth: '1' },
  videotoolbox: { realtime: '1' },
};

const quality: Record<Device, Record<string, string>> = {
  nvenc: { rc: 'vbr', cq: CRF },
  qsv: { global_quality: CRF },
  vaapi: { rc_mode: 'CQP', qp: CRF },
  videotoolbox: { 'q:v': '60' },
};

/** @throws when not even software can */
export function openEncoder(wanted: Wanted, like: Frame, flags: AVCodecFlag | undefined): OpenEncoder {
  const devices = deviceOrder(wanted.hardware, process.platform);
  for (const device of devices) {
    const open = openOnCard(device, wanted, like, flags);
    if (!open) continue;
    wanted.log(`pictures are encoded by ${device}`);
    return open;
  }
  if (devices.length > 0) wanted.log('pictures are encoded in software: no graphics card does it');
  const { name, options } = software[wanted.video.codec];
  const context = contextOf(name, wanted, like, flags);
  if (!context) throw new Error(`this build of libav has no ${name}`);
  context.threadCount = threadsFor(like.width, like.height, wanted.fps);
  set(context, { ...options, ...(wanted.video.bitrate ? {} : { crf: CRF }) });
  const refused = failure(context.open2Sync(null, null));
  if (refused) throw new Error(`${name} can't be opened: ${refused}`);
  return { context, prepare: (frame) => frame, release: () => {} };
}

function contextOf(
  name: string,
  { video, fps }: Wanted,
  like: Frame,
  flags: AVCodecFlag | undefined,
): CodecContext | undefined {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (!codec) return undefined;
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = like.width;
  context.height = like.height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  // That of the frame rate would round the times of a live source to a grid.
  context.timeBase = ticks;
  context.framerate = new Rational(Math.round(fps * 1000), 1000);
  context.gopSize = NEVER;
  context.maxBFrames = 0;
  context.sampleAspectRatio = like.sampleAspectRatio;
  context.colorRange = like.colorRange;
  context.colorPrimaries = like.colorPrimaries;
  context.colorTrc = like.colorTrc;
  context.colorSpace = like.colorSpace;
  context.chromaLocation = like.chromaLocation;
  if (flags !== undefined) context.setFlags(flags);
  if (video.bitrate) {
    context.bitRate = BigInt(video.bitrate);
    context.rcMaxRate = BigInt(video.bitrate);
    context.rcBufferSize = video.bitrate;
  }
  return context;
}

function openOnCard(
  device: Device,
  wanted: Wanted,
  like: Frame,
  flags: AVCodecFlag | undefined,
): OpenEncoder | undefined {
  const context = contextOf(`${wanted.video.codec}_${device}`, wanted, like, flags);
  if (!context) return undefined;
  const options = { ...onCard[device], ...(wanted.video.bitrate ? {} : quality[device]) };
  const open =
    device === 'vaapi' ? uploading(context, like) : device === 'qsv' ? semiplanar(context) : plain(context);
  set(context, options);
  if (open && context.open2Sync(null, null) >= 0) return open;
  context.freeContext();
  return undefined;
}

/** One by one: a dictionary given to `open2Sync` is freed by libav, and once more when it is collected. */
function set(context: CodecContext, options: Record<string, string>): void {
  for (const [name, value] of Object.entries(options)) context.setOption(name, value);
}

const plain = (context: CodecContext): OpenEncoder => ({
  context,
  prepare: (frame) => frame,
  release: () => {},
});

function semiplanar(context: CodecContext): OpenEncoder {
  const scaler = new Scaler();
  context.pixelFormat = AV_PIX_FMT_NV12;
  return {
    context,
    prepare: (frame) => scaler.convert(frame, frame.width, frame.height, AV_PIX_FMT_NV12),
    release: (frame) => scaler.pool.give(frame),
  };
}

/** VAAPI encodes what lies on the card only. */
function uploading(context: CodecContext, like: Frame): OpenEncoder | undefined {
  const device = openDevice('vaapi');
  if (!device) return undefined;
  const frames = new HardwareFramesContext();
  frames.alloc(device);
  frames.format = AV_PIX_FMT_VAAPI;
  frames.swFormat = AV_PIX_FMT_NV12;
  frames.width = like.width;
  frames.height = like.height;
  frames.initialPoolSize = 20;
  if (frames.init() < 0) return undefined;
  context.pixelFormat = AV_PIX_FMT_VAAPI;
  context.hwFramesCtx = frames;
  const { prepare, release } = semiplanar(context);
  context.pixelFormat = AV_PIX_FMT_VAAPI;
  return {
    context,
    prepare(frame) {
      const source = prepare(frame);
      const uploaded = new Frame();
      uploaded.alloc();
      try {
        const refused =
          failure(frames.getBuffer(uploaded, 0)) ?? failure(uploaded.hwframeTransferDataSync(source, 0));
        if (refused) throw new Error(`a picture can't be brought to the graphics card: ${refused}`);
        uploaded.copyProps(source);
        return uploaded;
      } catch (error) {
        uploaded.free();
        throw error;
      } finally {
        release(source);
      }
    },
    release: (frame) => frame.free(),
  };
}

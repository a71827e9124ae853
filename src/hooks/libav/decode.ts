/** One connection's pictures: packets in, frames out, whatever size and format they have. */
import { AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX, AVERROR_EAGAIN, FF_THREAD_SLICE } from 'node-av/constants';
import {
  Codec,
  CodecContext,
  Frame,
  type HardwareDeviceContext,
  type Packet,
  type Stream,
} from 'node-av/lib';
import type { Hardware } from '../spec.ts';
import { failure, ticks } from './formats.ts';
import { deviceOrder, deviceType, openDevice } from './hardware.ts';
import { threadsFor } from './threads.ts';

export interface DecoderOptions {
  hardware: Hardware;
  /** undefined: as the picture needs. */
  threads?: number | undefined;
  log(message: string): void;
}

/** Packets that a graphics card may fail on before software takes over. */
const PATIENCE = 10;

export class PictureDecoder {
  readonly #stream: Stream;
  readonly #options: DecoderOptions;
  #context: CodecContext;
  #device: HardwareDeviceContext | undefined;
  /** Empty, for the next time: each packet is asked once more than it has frames. */
  #spare: Frame | undefined;
  #failed = 0;
  #worked = false;
  /** Packets that could not be decoded. */
  errors = 0;

  /** @throws where there is no decoder for it */
  constructor(stream: Stream, options: DecoderOptions) {
    this.#stream = stream;
    this.#options = options;
    const devices = deviceOrder(options.hardware, process.platform);
    for (const name of devices) {
      const context = this.#onDevice(name);
      if (!context) continue;
      this.#context = context;
      options.log(`pictures are decoded by ${name}`);
      return;
    }
    if (devices.length > 0) options.log('pictures are decoded in software: no graphics card does it');
    this.#context = this.#inSoftware();
  }

  /**
   * @param packet times in ticks; null: the end, gives what is still inside
   * @param take gets frames of its own, and frees them
   */
  decode(packet: Packet | null, take: (frame: Frame) => void): void {
    for (;;) {
      const sent = this.#context.sendPacketSync(packet);
      if (sent === AVERROR_EAGAIN && this.#receive(take) > 0) continue;
      if (sent < 0 && packet) this.#fail();
      break;
    }
    this.#receive(take);
  }

  free(): void {
    this.#spare?.free();
    this.#spare = undefined;
    this.#context.freeContext();
    this.#device?.free();
    this.#device = undefined;
  }

  #receive(take: (frame: Frame) => void): number {
    for (let count = 0; ; count++) {
      const frame = this.#spare ?? new Frame();
      if (!this.#spare) frame.alloc();
      if (this.#context.receiveFrameSync(frame) < 0) {
        this.#spare = frame;
        return count;
      }
      this.#spare = undefined;
      const own = frame.isHwFrame() ? download(frame) : frame;
      if (!own) {
        this.#fail();
        return count;
      }
      this.#worked = true;
      take(own);
    }
  }

  /** A card that never gave a frame is given up. */
  #fail(): void {
    this.errors++;
    if (!this.#device || this.#worked || ++this.#failed < PATIENCE) return;
    this.#options.log('pictures are decoded in software: the graphics card fails on them');
    this.free();
    this.#context = this.#inSoftware();
  }

  #allocate(): { codec: Codec; context: CodecContext } {
    const { codecpar } = this.#stream;
    const codec = Codec.findDecoder(codecpar.codecId);
    if (!codec) throw new Error(`there is no decoder for codec ${codecpar.codecId}`);
    const context = new CodecContext();
    context.allocContext3(codec);
    context.parametersToContext(codecpar);
    context.pktTimebase = ticks;
    return { codec, context };
  }

  #inSoftware(): CodecContext {
    const { codec, context } = this.#allocate();
    const { width, height } = context;
    context.threadCount = this.#options.threads ?? threadsFor(width, height, frameRate(this.#stream));
    context.threadType = FF_THREAD_SLICE;
    const refused = failure(context.open2Sync(codec, null));
    if (refused) throw new Error(`the decoder can't be opened: ${refused}`);
    return context;
  }

  #onDevice(name: Parameters<typeof openDevice>[0]): CodecContext | undefined {
    const { codec, context } = this.#allocate();
    const format = hardwareFormat(codec, name);
    const device = format === undefined ? undefined : openDevice(name);
    if (format !== undefined && device) {
      context.hwDeviceCtx = device;
      context.setHardwarePixelFormat(format);
      if (context.open2Sync(codec, null) >= 0) {
        this.#device = device;
        return context;
      }
      device.free();
    }
    context.freeContext();
    return undefined;
  }
}

function hardwareFormat(codec: Codec, name: Parameters<typeof openDevice>[0]) {
  for (let index = 0; ; index++) {
    const config = codec.getHwConfig(index);
    if (!config) return undefined;
    const usable = (config.methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) !== 0;
    if (usable && config.deviceType === deviceType(name)) return config.pixFmt;
  }
}

/** A frame in memory for one on the card, which is freed. */
function download(frame: Frame): Frame | undefined {
  const own = new Frame();
  own.alloc();
  const done = frame.hwframeTransferDataSync(own, 0) >= 0 && own.copyProps(frame) >= 0;
  frame.free();
  if (done) return own;
  own.free();
  return undefined;
}

/** As far as it is known beforehand. */
export function frameRate(stream: Stream): number {
  for (const { num, den } of [stream.avgFrameRate, stream.rFrameRate]) {
    if (num > 0 && den > 0 && num / den <= 240) return num / den;
  }
  return 25;
}

/**
 * The result as a file: written under a name of its own, which becomes the final one only when all of it is there.
 * Nothing of it may be lost, so that, unlike the connections of a live route, it is open before the first packet.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_FLAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  type AVCodecID,
} from 'node-av/constants';
import { Dictionary, FormatContext, Packet, type Stream } from 'node-av/lib';
import type { TrackKind } from '../timeline.ts';
import { failure, ticks } from './formats.ts';
import type { Sink, Tracks } from './publish.ts';
import { addStreams, type Streams } from './streams.ts';

/** What players find in MP4; Matroska takes everything. */
const inMp4 = new Set<AVCodecID>([
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_FLAC,
]);

export const formats: Record<string, string> = { '.mp4': 'mp4', '.mkv': 'matroska' };

export const fitsMp4 = (sound: Stream | undefined): boolean =>
  sound === undefined || inMp4.has(sound.codecpar.codecId);

/** By it a later test knows that it may overwrite the file. */
const MARK = 'relay hook test';

export interface FileSinkOptions {
  file: string;
  /** A time of the loop as one of the file, in ticks. */
  time(pts: number): number;
  /** Ticks that a picture is shown unless the next one says otherwise. */
  step: number;
}

export class FileSink implements Sink {
  /** Where it is written until it is whole. */
  readonly partial: string;
  /** What went wrong; nothing is written after it. */
  failure: string | undefined;
  readonly #options: FileSinkOptions;
  readonly #packet = new Packet();
  #context: FormatContext | undefined;
  #started = false;
  #streams: Streams = {};

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.partial = join(dirname(options.file), `.${process.pid}.part.${basename(options.file)}`);
    this.#packet.alloc();
  }

  /** Also when it has ended: it is not to be opened again. */
  get open(): boolean {
    return this.#started;
  }

  /** Sound that changes in mid-stream goes on in the track that is there. */
  start(tracks: Tracks): void {
    if (this.#started) return;
    this.#started = true;
    const context = new FormatContext();
    this.#context = context;
    context.allocOutputContext2(null, formats[extname(this.#options.file)] ?? null, this.partial);
    this.#streams = addStreams(context, tracks);
    context.metadata = Dictionary.fromObject({ comment: MARK });
    this.#must(context.openOutputSync());
    if (this.failure === undefined) this.#must(context.writeHeaderSync(null));
  }

  write(kind: TrackKind, packet: Packet): void {
    const stream = this.#streams[kind];
    if (!this.#context || !stream || this.failure !== undefined) return;
    const own = this.#packet;
    own.ref(packet);
    own.streamIndex = stream.index;
    own.pts = BigInt(this.#options.time(Number(packet.pts)));
    own.dts = BigInt(this.#options.time(Number(packet.dts)));
    if (kind === 'picture') own.duration = BigInt(this.#options.step);
    own.rescaleTs(ticks, stream.timeBase);
    this.#must(this.#context.writeFrameSync(own));
    own.unref();
  }

  async close(): Promise<void> {
    if (!this.#context) return;
    if (this.failure === undefined) this.#must(this.#context.writeTrailerSync());
    this.#context.closeOutputSync();
    this.#context.freeContext();
    this.#context = undefined;
  }

  /** It is whole: gives it its name. @throws when the file could not be written */
  keep(): void {
    const { file } = this.#options;
    if (this.failure !== undefined) throw new Error(`${file} can't be written: ${this.failure}`);
    renameSync(this.partial, file);
  }

  /** Nothing is left of it. */
  discard(): void {
    rmSync(this.partial, { force: true });
  }

  #must(code: number): void {
    this.failure ??= failure(code) ?? undefined;
  }
}

/** Whether an earlier test has written it, so that it may be overwritten. */
export async function isResult(file: string): Promise<boolean> {
  if (!existsSync(file)) return true;
  const context = new FormatContext();
  context.allocContext();
  if ((await context.openInput(file, null, null)) < 0) return false;
  const { metadata } = context;
  const mark = metadata?.get('comment') ?? metadata?.get('COMMENT');
  await context.closeInput();
  return mark === MARK;
}

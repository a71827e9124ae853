/** The worker's loop over real clips: decoder, encoder and muxer of libav, with stages that do as they are told. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { AV_LOG_QUIET } from 'node-av/constants';
import { CodecParameters, Log, type Packet } from 'node-av/lib';
import t, { type Test } from 'tap';
import type { WorkerVideo } from '../../src/hooks/job.ts';
import { openFile } from '../../src/hooks/libav/input.ts';
import type { Sink, Tracks } from '../../src/hooks/libav/publish.ts';
import { Loop } from '../../src/hooks/loop.ts';
import type { Decoded, Stage, StageFigures } from '../../src/hooks/picture.ts';
import type { TrackKind } from '../../src/hooks/timeline.ts';

Log.setLevel(AV_LOG_QUIET);

const zero = { p50: 0, p99: 0 };
const figures: StageFigures = {
  ...{ state: 'ready', dropped: 0, errors: 0, answered: 0, restarts: 0 },
  ...{ hook: zero, convert: zero, queueAge: zero, memory: 0 },
};

const identity = (emit: (picture: Decoded) => void): Stage => ({
  push: emit,
  full: false,
  whenRoom: (callback) => callback(),
  muted: false,
  reload: () => {},
  figures: () => figures,
  stop: async () => {},
});

/** The test has called `t.testdir`. */
function make(t: Test, name: string, args: string[]): string {
  const file = join(t.testdirName, name);
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args, file]);
  return file;
}

const picture = (size: string, seconds: number) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=s=${size}:r=25:d=${seconds}`,
];
const tone = (seconds: number) => ['-f', 'lavfi', '-i', `sine=440:r=48000:d=${seconds}`];

interface Through {
  files: string[];
  stage?: (emit: (picture: Decoded) => void) => Stage;
  video?: Partial<WorkerVideo>;
}

interface Written {
  pts: number;
  key: boolean;
  bytes: number;
}

/** Writes down what would be written. */
class Book implements Sink {
  open = false;
  size: [number, number] | undefined;
  readonly picture: Written[] = [];
  readonly sound: Written[] = [];

  start({ picture }: Tracks): void {
    this.open = true;
    const parameters = new CodecParameters();
    parameters.alloc();
    picture?.describe(parameters);
    this.size = [parameters.width, parameters.height];
  }

  write(kind: TrackKind, packet: Packet): void {
    this[kind].push({ pts: Number(packet.pts), key: packet.isKeyframe, bytes: packet.size });
  }

  async close(): Promise<void> {
    this.open = false;
  }
}

/** What files become. */
async function through({ files, stage = identity, video = {} }: Through) {
  const log: string[] = [];
  const sink = new Book();
  const loop = new Loop({
    video: { codec: 'h264', gop: 1, ...video },
    targets: [],
    sink,
    hardware: 'none',
    soundHold: Number.POSITIVE_INFINITY,
    everyFrame: true,
    stage,
    draw: () => {},
    log: (_level, message) => log.push(message),
  });
  for (const file of files) {
    const input = await openFile(file);
    await loop.run(input);
    await input.close();
  }
  await loop.stop();
  return { counted: loop.figures(), log, size: sink.size, picture: sink.picture, sound: sink.sound };
}

t.test('each picture and each sound once, at its own time, a key frame each second', async (t) => {
  t.testdir({});
  const args = [...picture('320x180', 3), ...tone(3), '-c:v', 'libx264', '-bf', '2', '-c:a', 'aac'];
  const { counted, log, picture: pictures, sound } = await through({ files: [make(t, 'in.mp4', args)] });
  t.same([counted.in, counted.out, counted.dropped, counted.errors, counted.avOffset], [75, 75, 0, 0, 0]);
  t.equal(pictures.length, 75);
  const first = pictures[0]?.pts ?? 0;
  t.ok(pictures.every(({ pts }, n) => pts - first === n * 3600));
  t.same(
    pictures.flatMap(({ key }, n) => (key ? [n] : [])),
    [0, 25, 50],
  );
  t.equal(sound.length, counted.sound);
  t.ok(sound.length >= 140);
  t.same(log, []);
});

t.test('other sizes, formats and codecs that follow keep the size of the first', async (t) => {
  t.testdir({});
  const files = [
    make(t, 'a.mp4', [...picture('320x180', 1), '-c:v', 'libx264', '-bf', '0']),
    make(t, 'b.mkv', [...picture('640x480', 1), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p']),
    make(t, 'c.nut', [...picture('322x182', 1), '-c:v', 'rawvideo', '-pix_fmt', 'yuv422p10le']),
    make(t, 'd.mkv', [...picture('320x180', 1), '-c:v', 'libx264', '-pix_fmt', 'yuv420p10le']),
  ];
  const { counted, size, picture: pictures } = await through({ files });
  t.same([counted.out, counted.errors, counted.dropped], [100, 0, 0]);
  t.same(size, [320, 180]);
  t.ok(pictures.slice(1).every(({ pts }, n) => Math.abs(pts - (pictures[n]?.pts ?? 0) - 3600) <= 90));
  t.same(
    [0, 25, 50, 75].map((n) => pictures[n]?.key),
    [true, true, true, true],
    'who comes in begins with a key frame',
  );
});

t.test('the size and rate that were asked for', async (t) => {
  t.testdir({});
  const files = [make(t, 'in.mp4', [...picture('320x180', 2), '-c:v', 'libx264'])];
  const { size, picture: pictures } = await through({
    files,
    video: { size: { width: 160, height: 90 }, fps: 12.5 },
  });
  t.same([size, pictures.length], [[160, 90], 25]);
});

t.test('packets that can’t be decoded are counted and the rest goes on', async (t) => {
  t.testdir({});
  const noise = ['-bsf:v', 'noise=amount=900:drop=0'];
  const clean = make(t, 'in.mkv', [...picture('320x180', 4), '-c:v', 'mpeg2video', '-g', '5']);
  const file = make(t, 'bad.mkv', ['-i', clean, '-c', 'copy', ...noise]);
  const { counted, log } = await through({ files: [file] });
  t.ok(counted.out > 10, `${counted.out} pictures`);
  t.ok(log.length <= 6, 'the log is not flooded');
});

t.test('a stage that is full is waited for, and loses nothing', async (t) => {
  t.testdir({});
  const files = [make(t, 'in.mp4', [...picture('320x180', 2), ...tone(2), '-c:v', 'libx264', '-c:a', 'aac'])];
  const held: Decoded[] = [];
  let room: (() => void) | undefined;
  const stage = (emit: (picture: Decoded) => void): Stage => {
    const letGo = (): void => {
      for (const picture of held.splice(0)) emit(picture);
      room?.();
      room = undefined;
    };
    return {
      ...identity(emit),
      push: (picture) => {
        held.push(picture);
        setImmediate(letGo);
      },
      get full() {
        return held.length >= 2;
      },
      whenRoom: (callback) => {
        room = callback;
      },
      stop: async () => letGo(),
    };
  };
  const { picture: pictures } = await through({ files, stage });
  t.equal(pictures.length, 50);
});

t.test('muted: neither picture nor sound is written', async (t) => {
  t.testdir({});
  const files = [make(t, 'in.mp4', [...picture('320x180', 1), ...tone(1), '-c:v', 'libx264', '-c:a', 'aac'])];
  const stage = (emit: (picture: Decoded) => void): Stage => ({ ...identity(emit), muted: true });
  const { counted, picture: pictures, sound } = await through({ files, stage });
  t.same([counted.in, pictures.length, sound.length], [25, 0, 0]);
});

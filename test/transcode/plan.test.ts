/** Arguments of a transcode: timestamps pass through, what the output can't carry is refused. */
import t from 'tap';
import type { Tools } from '../../src/kinds/tools.ts';
import type { AudioTrack, Media, VideoTrack } from '../../src/media.ts';
import { containerOf } from '../../src/transcode/containers.ts';
import { planTranscode } from '../../src/transcode/plan.ts';
import type { Wish } from '../../src/transcode/wish.ts';
import { linuxTools } from '../support/facts.ts';

const video: VideoTrack = {
  ...{ type: 'video', codec: 'mpeg4', width: 640, height: 480, frameRate: '25/1', bFrames: false },
};
const sound = (codec: string, channels = 2): AudioTrack => ({
  type: 'audio',
  codec,
  sampleRate: 48000,
  channels,
});
const avi: Media = { tracks: [video, sound('ac3')], duration: 10.8 };
const tools: Tools = {
  ...linuxTools,
  ffmpeg: { ...linuxTools.ffmpeg, encoders: ['libx264', 'libx265', 'mpeg4', 'libvpx-vp9', 'aac', 'libopus'] },
};

function planned(extension: string, wish: Partial<Wish> = {}, media = avi, at = tools) {
  const container = containerOf(extension)!;
  return planTranscode(
    { video: 'h264', audio: 'auto', ...wish },
    { input: '/a b/-i.avi', media, container, tools: at },
  );
}
const argsOf = (...args: Parameters<typeof planned>) => planned(...args).args.join(' ');

t.test('every picture at its own time, in the ticks of the input', async (t) => {
  t.same(planned('.mp4'), {
    args: [
      ...['-protocol_whitelist', 'file,crypto', '-i', 'file:/a b/-i.avi', '-map', '0:V:0'],
      ...['-filter:v', 'scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p', '-c:v', 'libx264', '-crf', '23'],
      ...[
        '-fps_mode',
        'passthrough',
        '-enc_time_base:v',
        '-1',
        '-map',
        '0:a:0',
        '-c:a:0',
        'copy',
        '-f',
        'mp4',
      ],
    ],
    seconds: 10.8,
    picture: true,
    does: 'H.264 (libx264), ac3 copied',
  });
  const seven = { ...tools, ffmpeg: { ...tools.ffmpeg, version: '7.1' } };
  t.match(argsOf('.mp4', {}, avi, seven), '-enc_time_base:v demux');
  t.match(argsOf('.ts', { video: 'mpeg4' }), '-enc_time_base:v 1:60000');
  t.match(argsOf('.avi'), /-bf 0 -fps_mode passthrough -enc_time_base:v 1:25 /);
  t.notMatch(argsOf('.mp4', { fps: '30000/1001' }), 'enc_time_base');
  t.match(argsOf('.mp4', { fps: '30000/1001' }), 'fps=30000/1001,scale=');
});

t.test('a part of it, and how long that is', async (t) => {
  const { args, seconds } = planned('.mp4', { start: 2, duration: 4 });
  t.match(args.join(' '), /^-ss 2 -t 4 -protocol_whitelist/);
  t.equal(seconds, 4);
  t.equal(planned('.mp4', { start: 8, duration: 4 }).seconds?.toFixed(1), '2.8');
  t.equal(planned('.mp4', {}, { tracks: avi.tracks }).seconds, undefined);
  t.throws(() => planned('.mp4', { start: 11 }), /ends after 10.8 s/);
});

t.test('sound is copied where the output takes it', async (t) => {
  t.match(argsOf('.mp4', {}, { tracks: [video, sound('wmav2')] }), '-c:a:0 aac -ac:a:0 2 -b:a:0 160000');
  t.match(argsOf('.webm', { video: 'vp9' }), '-c:a:0 libopus');
  t.match(argsOf('.mkv', { audio: 'aac' }, { tracks: [video, sound('ac3', 6)] }), '-ac:a:0 6 -b:a:0 384000');
  t.match(
    argsOf('.mp4', {}, { tracks: [video, sound('aac'), sound('vorbis')] }),
    /-map 0:a:0 -c:a:0 copy -map 0:a:1 -c:a:1 aac/,
  );
  t.notMatch(argsOf('.mp4', { audio: 'none' }), '0:a');
  t.throws(() => planned('.webm', { video: 'vp9', audio: 'copy' }), {
    message: /take no ac3/,
    hint: /\.mkv/,
  });
});

t.test('pictures are copied as they are', async (t) => {
  const wish = { video: 'copy' } as const;
  t.match(argsOf('.mp4', wish), '-c:v copy -bsf:v mpeg4_unpack_bframes');
  t.match(argsOf('.mkv', wish, { tracks: [{ ...video, bFrames: true }] }), /^-fflags \+genpts /);
  t.match(argsOf('.mov', wish, { tracks: [{ ...video, codec: 'hevc' }] }), '-c:v copy -tag:v hvc1');
  t.throws(() => planned('.webm', wish), { message: /webm files take no MPEG-4/, hint: /--video h264/ });
});

t.test('what is not there', async (t) => {
  t.throws(() => planned('.mp4', {}, { tracks: [sound('mp3')] }), {
    message: /no picture/,
    hint: /--video none/,
  });
  t.equal(planned('.mp4', { video: 'none' }).picture, false);
  t.throws(() => planned('.mp4', { video: 'none' }, { tracks: [video] }), /no sound in it/);
  t.throws(() => planned('.avi', {}, { tracks: [{ ...video, frameRate: '0/0' }] }), {
    message: /frame rate is not known/,
    hint: '--fps 25',
  });
});

t.test('a missing encoder is named, with what there is instead', async (t) => {
  t.throws(() => planned('.mkv', { video: 'av1' }), {
    code: 'RELAY_BINARY_UNFIT',
    message: "this ffmpeg (5.1.9) can't encode av1: it lacks libsvtav1 and libaom-av1",
    hint: /it has h264, hevc, mpeg4, vp9: --video h264/,
  });
  t.throws(() => planned('.mkv', { audio: 'mp3' }), {
    message: /can't encode mp3/,
    hint: /it has aac, opus: --audio aac/,
  });
});

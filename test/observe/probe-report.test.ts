import t from 'tap';
import { probeReport } from '../../src/observe/probe-report.ts';
import { type Clip, makeClip } from '../support/clips.ts';

const folder = t.testdir();
const look = async (clip: Clip, decode = false) =>
  probeReport({
    ffprobe: 'ffprobe',
    args: ['-i', `file:${await makeClip(folder, clip)}`],
    seconds: 5,
    decode,
  });

t.test('counts, key frames, fourcc, sizes', async (t) => {
  const report = await look('h264-aac.mp4', true);
  t.match(report, {
    container: 'mov,mp4,m4a,3gp,3g2,mj2',
    live: false,
    size: Number,
    bitRate: Number,
    avOffset: 0,
    tracks: [
      {
        index: 0,
        fourcc: 'avc1',
        packets: 50,
        decodedFrames: 50,
        start: 0,
        bFrames: false,
        variableFrameRate: false,
        measuredFrameRate: 25,
        keyFrames: { count: 2, interval: { min: 1, average: 1, max: 1 } },
      },
      { index: 1, fourcc: 'mp4a', keyFrames: undefined },
    ],
  });
  t.equal(report.tracks[0]?.language, undefined, '"und" is no language');
});

t.test('sound that starts later', async (t) => {
  const { avOffset } = await look('late-sound.mkv');
  t.ok(Math.abs((avOffset ?? 0) - 0.3) < 0.002, `${avOffset} s`);
});

t.test('variable frame rate', async (t) => {
  t.match(await look('vfr.mp4'), { tracks: [{ variableFrameRate: true, packets: 29 }] });
  t.match(await look('ntsc.mp4'), { tracks: [{ variableFrameRate: false, measuredFrameRate: 29.97 }] });
});

t.test('B-frames: even spacing, exact count', async (t) => {
  t.match(await look('bframes.mp4'), { tracks: [{ bFrames: true, packets: 50, variableFrameRate: false }] });
});

t.test('a cover is told apart', async (t) => {
  const report = await look('sound.mp3');
  t.match(report, { cover: 'png', tracks: [{ type: 'audio' }] });
  t.equal(report.tracks.length, 1);
  t.equal(report.avOffset, undefined);
});

t.test('AVI tags that are no text', async (t) => {
  t.match(await look('mpeg4-mp3.avi'), {
    tracks: [
      { fourcc: 'FMP4', keyFrames: { interval: { min: 0.48 } } },
      { codec: 'mp3', fourcc: '0x0055' },
    ],
  });
});

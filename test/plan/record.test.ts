/** Recording in the plan: what the golden files don't show. */
import t from 'tap';
import { parseConfig } from '../../src/config/load.ts';
import {
  decideAudio,
  decideVideo,
  type Needs,
  type VideoEncode,
  whyNotRecorded,
} from '../../src/plan/codecs.ts';
import { plan } from '../../src/plan/plan.ts';
import { exactCuts } from '../../src/plan/record.ts';
import { aac, h264, linuxTools } from '../support/facts.ts';

const read = (to: string, rest = '') =>
  parseConfig(`sources: { cam: "rtsp://192.0.2.1/x" }\nroutes: { cam: { from: cam, to: ${to} ${rest} } }`, {
    file: '/srv/relay.yaml',
    env: {},
  });

const facts = { tools: linuxTools, media: { cam: { tracks: [h264, aac] } } };

t.test('key frames come where segments end', async (t) => {
  const gop = (every: string[], settings: Partial<VideoEncode>, frameRate = '25/1') => {
    const sinks = every.map((each, at) => `{ segments: { dir: d${at}, every: ${each} } }`);
    const route = read(`[${sinks.join(', ')}]`).routes['cam']!;
    const encode: VideoEncode = { mode: 'encode', codec: 'h264', gop: 2, ...settings };
    const made = exactCuts(
      route,
      { do: 'encode', codec: 'h264', settings: encode, why: 'w' },
      { ...h264, frameRate },
    );
    return made.do === 'encode' ? made.settings.gop : undefined;
  };
  t.equal(gop(['5s'], {}), 5 / 3);
  t.equal(gop(['1s'], {}), 1, 'a segment begins with a key frame');
  t.equal(gop(['60s'], {}), 2, 'nothing to change');
  t.equal(gop(['5s'], { gop: 10 }), 5);
  t.equal(gop(['5s', '60s'], {}), 5 / 3, 'each length is a multiple of the shorter one');
  t.equal(gop(['4s', '6s'], {}), 2);
  t.equal(gop(['5s', '7.001s'], {}), 5 / 3, 'nothing fits both: the shorter one');
  t.equal(gop(['5s'], {}, '30000/1001'), 150 / (30_000 / 1001) / 3, 'of whole frames');
  t.equal(gop(['5s'], { fps: 12.5 }, '30000/1001'), 63 / 12.5 / 3);
  t.equal(gop(['5s'], {}, '0/0'), 5 / 3, 'the rate is not known');
});

t.test('where nothing is encoded, or nothing cut, nothing changes', async (t) => {
  const segments = read('{ segments: { dir: x } }').routes['cam']!;
  const copied = { do: 'copy', codec: 'h264', why: 'w' } as const;
  t.equal(exactCuts(segments, copied, h264), copied);
  const clips = read('{ clips: { dir: x } }').routes['cam']!;
  const encoded = {
    do: 'encode',
    codec: 'h264',
    settings: { mode: 'encode', codec: 'h264', gop: 2 },
    why: 'w',
  } as const;
  t.equal(exactCuts(clips, encoded, h264), encoded);
});

t.test('what recordings can not carry is transcoded, or said', async (t) => {
  const needs: Needs = { readers: ['rtsp'], remotes: [], recordings: ['fmp4'], sound: true };
  const g711 = { ...aac, codec: 'pcm_mulaw', sampleRate: 8000 };
  t.match(decideAudio(g711, { mode: 'auto' }, needs), {
    do: 'encode',
    codec: 'aac',
    why: /G\.711 µ-law is not carried by MP4/,
  });
  t.match(decideAudio(g711, { mode: 'copy' }, needs), {
    do: 'copy',
    why: /; recordings have it uncompressed$/,
  });
  t.match(decideAudio(g711, { mode: 'copy' }, { ...needs, recordings: ['fmp4', 'mpegts'] }), {
    do: 'copy',
    why: 'sound copied as G.711 µ-law; recordings have it uncompressed, those in MPEG-TS as AAC',
  });
  t.match(decideAudio(g711, { mode: 'auto' }, { ...needs, recordings: [] }), { do: 'copy' });
  t.match(decideAudio(aac, { mode: 'auto' }, needs), { do: 'copy', why: 'sound copied as AAC' });
  t.match(decideAudio({ ...aac, codec: 'vorbis' }, { mode: 'copy' }, needs), {
    why: /; recordings get no sound$/,
  });

  const ts: Needs = { ...needs, recordings: ['fmp4', 'mpegts'] };
  const vp9 = { ...h264, codec: 'vp9' };
  t.match(decideVideo(vp9, { mode: 'auto' }, needs), { do: 'copy' });
  t.match(decideVideo(vp9, { mode: 'auto' }, ts), { do: 'encode', why: /vp9 is not carried by MPEG-TS/ });
  t.match(decideVideo(vp9, { mode: 'copy' }, ts), { why: /; MPEG-TS recordings get no picture$/ });
  t.match(decideVideo({ ...h264, codec: 'vp8' }, { mode: 'copy' }, ts), {
    why: /; recordings get no picture$/,
  });
  t.match(decideVideo({ ...h264, bFrames: true }, { mode: 'auto' }, { ...needs, sound: false }), {
    do: 'copy',
  });

  t.equal(whyNotRecorded({ video: { ...h264, codec: 'vp8' }, audio: aac }), undefined);
  t.match(whyNotRecorded({ video: { ...h264, codec: 'vp8' } }), /no place in MP4/);
});

t.test("what ends the server's recorder is transcoded, or the route is not recorded", async (t) => {
  const needs: Needs = { readers: ['rtsp'], remotes: [], recordings: ['fmp4', 'mpegts'], sound: true };
  for (const codec of ['mpeg4', 'mpeg2video', 'mpeg1video']) {
    const track = { ...h264, codec };
    t.match(decideVideo(track, { mode: 'auto' }, needs), { do: 'encode', codec: 'h264' }, codec);
    t.match(decideVideo(track, { mode: 'auto' }, { ...needs, recordings: [] }), { do: 'copy' }, codec);
    t.match(whyNotRecorded({ video: track, audio: aac }), /can't take MPEG-\d; with `video: h264`/);
  }
  for (const codec of ['mp3', 'mp2']) {
    const track = { ...aac, codec };
    t.match(decideAudio(track, { mode: 'auto' }, needs), { do: 'encode', codec: 'aac' }, codec);
    t.match(decideAudio(track, { mode: 'auto' }, { ...needs, recordings: [] }), { do: 'copy' }, codec);
    t.match(whyNotRecorded({ video: h264, audio: track }), /can't take MP\d; with `audio: aac`/);
  }

  const copied = read('[cam, { segments: { dir: x } }]', ', audio: copy, video: copy');
  const avi = [
    { ...h264, codec: 'mpeg4' },
    { ...aac, codec: 'mp3' },
  ];
  const made = plan(copied, { ...facts, media: { cam: { tracks: avi } } });
  t.match(
    made.routes[0]?.why.at(-1),
    /^nothing of it can be recorded: .* MPEG-4 and MP3; with `video: h264` and `audio: aac`/,
  );
  t.notOk(made.paths.some(({ record }) => record));
  t.notOk(made.units.some(({ kind }) => kind === 'recorder'));
});

t.test('without the media server there is no recording, and the plan says so', async (t) => {
  const config = read('{ segments: { dir: x } }');
  const made = plan({ ...config, server: { ...config.server, driver: 'node-media-server' } }, facts);
  t.notOk(made.units.some(({ kind }) => kind === 'recorder'));
  t.notOk(made.paths.some(({ record }) => record));
  t.match(
    made.routes[0]?.why,
    ['', '', 'recording needs the driver mediamtx'].map((text) => new RegExp(text)),
  );
});

t.test('the recorder does not change when a source answers', async (t) => {
  const config = read('{ segments: { dir: x } }');
  const recorder = (media: typeof facts.media | object) =>
    plan(config, { ...facts, media: media as typeof facts.media }).units.find(
      ({ kind }) => kind === 'recorder',
    );
  t.ok(recorder({}));
  t.strictSame(recorder({}), recorder(facts.media));
});

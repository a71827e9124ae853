import t from 'tap';
import { ingestOf, knownTracks, publishArgs, teeArgs } from '../../src/plan/publish.ts';
import { aac, h264 } from '../support/facts.ts';

t.test('the way in: MPEG-TS over SRT, FLV over RTMP, RTSP for the rest', async (t) => {
  t.equal(ingestOf({ video: h264, audio: aac }, true), 'srt');
  t.equal(ingestOf({ video: h264, audio: aac }, false), 'rtmp', 'an ffmpeg without SRT');
  t.equal(ingestOf({ video: h264, audio: { ...aac, codec: 'pcm_alaw' } }, true), 'rtmp');
  t.equal(ingestOf({ video: { ...h264, codec: 'vp9' } }, true), 'rtsp');
  t.equal(ingestOf({ audio: { ...aac, codec: 'opus' } }, true), 'srt');
});

t.test('tracks that the server can keep readers on', async (t) => {
  t.same(knownTracks({ video: h264, audio: aac }), [
    { codec: 'H264' },
    { codec: 'MPEG4Audio', sampleRate: 48000, channelCount: 2 },
  ]);
  t.same(knownTracks({ video: { ...h264, codec: 'hevc' }, audio: { ...aac, codec: 'opus' } }), [
    { codec: 'H265' },
    { codec: 'Opus' },
  ]);
  t.same(knownTracks({ audio: { ...aac, codec: 'pcm_mulaw', sampleRate: 8000, channels: 1 } }), [
    { codec: 'G711', sampleRate: 8000, channelCount: 1, muLaw: true },
  ]);
  t.equal(
    knownTracks({ video: h264, audio: { ...aac, profile: 'HE-AAC' } }),
    null,
    'its announced rate is not known',
  );
  t.equal(
    knownTracks({ video: h264, audio: { ...aac, sampleRate: 16000 } }),
    null,
    'the server refuses low rates',
  );
  t.equal(knownTracks({ video: h264, audio: { ...aac, channels: 8 } }), null);
  t.equal(knownTracks({ video: { ...h264, codec: 'mpeg4' } }), null);
  t.equal(knownTracks({}), null);
});

t.test('pictures say where they end, or none does', async (t) => {
  const outputs = [{ path: 'a' }, { path: 'a/video', select: 'v' as const }];
  for (const ends of [true, false]) {
    t.equal(publishArgs('a', 'srt', ends).includes('-omit_video_pes_length'), ends);
    t.equal(JSON.stringify(teeArgs(outputs, 'srt', ends)).includes(':omit_video_pes_length=0:'), ends);
  }
});

t.test('a tee muxes each path by itself', async (t) => {
  const args = teeArgs([{ path: 'a' }, { path: 'a/video', select: 'v' }], 'srt', true);
  const join = args.at(-1);
  t.match(join, {
    join: [
      /^\[f=mpegts:/,
      { publish: 'a', by: 'srt' },
      /^\|\[f=mpegts:.*:select=v\]$/,
      { publish: 'a/video' },
    ],
  });
});

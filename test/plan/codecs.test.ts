import t from 'tap';
import { decideAudio, decideVideo, type Needs } from '../../src/plan/codecs.ts';
import { aac, h264 } from '../support/facts.ts';

const all: Needs = { readers: ['rtsp', 'rtmp', 'hls', 'webrtc'], remotes: [], recordings: [], sound: true };
const auto = { mode: 'auto' } as const;

t.test('a picture is copied where every reader can show it', async (t) => {
  t.match(decideVideo(h264, auto, all), { do: 'copy', codec: 'h264', why: 'video copied as H.264' });
});

t.test('a picture that some readers cannot show is transcoded, and the plan says for whom', async (t) => {
  const why = (codec: string, bFrames: boolean, needs: Needs) => {
    const made = decideVideo({ ...h264, codec, bFrames }, auto, needs);
    return 'why' in made ? made.why : '';
  };
  t.equal(why('hevc', false, all), 'video transcoded to H.264: HEVC is not carried by RTMP, WebRTC');
  t.equal(why('mpeg4', false, all), 'video transcoded to H.264: MPEG-4 is not carried by RTMP, HLS, WebRTC');
  t.equal(
    why('h264', true, all),
    'video transcoded to H.264: H.264 with B-frames is not carried by RTSP in step with the sound, WebRTC',
  );
  t.equal(
    why('h264', true, { readers: ['rtsp', 'rtmp', 'hls'], remotes: [], recordings: [], sound: true }),
    'video transcoded to H.264: H.264 with B-frames is not carried by RTSP in step with the sound',
  );
  t.equal(
    why('h264', true, { readers: ['rtmp', 'hls'], remotes: [], recordings: [], sound: true }),
    'video copied as H.264',
  );
  t.equal(
    why('h264', true, { readers: ['rtsp'], remotes: [], recordings: [], sound: false }),
    'video copied as H.264',
    'without sound there is nothing to be out of step with',
  );
  t.equal(
    why('hevc', false, { readers: ['rtsp', 'hls'], remotes: [], recordings: [], sound: true }),
    'video copied as HEVC',
  );
  t.equal(
    why('hevc', false, { readers: ['rtsp', 'hls'], remotes: ['rtmps'], recordings: [], sound: true }),
    'video transcoded to H.264: HEVC is not carried by RTMP',
  );
});

t.test('a copy that was asked for stays a copy and names who goes without', async (t) => {
  t.match(decideVideo({ ...h264, codec: 'hevc' }, { mode: 'copy' }, all), {
    do: 'copy',
    why: 'video copied as HEVC; RTMP readers, WebRTC readers get no picture',
  });
});

t.test('a copy that was asked for says who sees it out of step', async (t) => {
  t.match(decideVideo({ ...h264, bFrames: true }, { mode: 'copy' }, all), {
    why: 'video copied as H.264; WebRTC readers get no picture; RTSP readers see it out of step with the sound (B-frames)',
  });
});

t.test('what is no stream at all is encoded', async (t) => {
  for (const codec of ['rawvideo', 'png', 'mjpeg'])
    t.equal(decideVideo({ ...h264, codec }, auto, all).do, 'encode');
  t.match(decideAudio({ ...aac, codec: 'pcm_s16le' }, auto, all), { do: 'encode', codec: 'aac' });
});

t.test('sound: the codec that the most readers can hear, a copy on a tie', async (t) => {
  const made = (codec: string, needs = all) => {
    const decision = decideAudio({ ...aac, codec }, auto, needs);
    return decision.do === 'none' ? 'none' : `${decision.do} ${decision.codec}`;
  };
  t.equal(made('aac'), 'copy aac');
  t.equal(made('opus'), 'copy opus');
  t.equal(made('mp3'), 'encode aac');
  t.equal(made('vorbis'), 'encode aac');
  t.equal(made('pcm_alaw'), 'encode aac');
  t.equal(
    made('pcm_alaw', { readers: ['rtsp', 'webrtc'], remotes: [], recordings: [], sound: true }),
    'copy pcm_alaw',
  );
  t.equal(
    made('opus', { readers: ['rtsp', 'hls', 'webrtc'], remotes: ['rtmp'], recordings: [], sound: true }),
    'encode aac',
    'a remote outweighs readers',
  );
  t.equal(made('aac', { readers: ['rtsp'], remotes: ['whip'], recordings: [], sound: true }), 'encode opus');
});

t.test('none is none', async (t) => {
  t.same(decideVideo(h264, { mode: 'none' }, all), { do: 'none' });
  t.same(decideAudio(undefined, { mode: 'encode', codec: 'aac' }, all), { do: 'none' });
});

/** Facts for planner tests: an ffmpeg that can do all that is asked of it, and the media of common sources. */
import type { Tools } from '../../src/kinds/tools.ts';
import type { AudioTrack, VideoTrack } from '../../src/media.ts';

export const linuxTools: Tools = {
  platform: 'linux',
  ffmpeg: {
    version: '5.1.9',
    encoders: ['libx264', 'libx265', 'aac', 'libopus'],
    protocols: ['file', 'srt', 'rtmp', 'tcp'],
    devices: ['x11grab', 'v4l2', 'alsa', 'pulse', 'lavfi'],
    filters: ['drawtext', 'drawbox', 'tee'],
  },
};

export const h264: VideoTrack = {
  type: 'video',
  codec: 'h264',
  width: 1280,
  height: 720,
  frameRate: '25/1',
  bFrames: false,
};
export const aac: AudioTrack = { type: 'audio', codec: 'aac', profile: 'LC', sampleRate: 48000, channels: 2 };

/** A stream on a network: cameras (RTSP), servers (RTMP, SRT), HLS and files over HTTP. */
import { z } from 'zod';
import { defineSource, type Input } from './source.ts';

export interface UrlSource {
  kind: 'url';
  url: string;
  /** RTSP only: how the packets travel. */
  transport: 'tcp' | 'udp';
}

/** Schemes that may come in, and the protocols that ffmpeg may use for each: nothing else can be reached from there. */
const protocols: Record<string, string> = {
  'rtsp:': 'rtsp,rtp,udp,tcp',
  'rtsps:': 'rtsps,rtsp,rtp,udp,tcp,tls',
  'rtmp:': 'rtmp,tcp',
  'rtmps:': 'rtmps,tls,tcp',
  'srt:': 'srt',
  'http:': 'http,https,tcp,tls,crypto',
  'https:': 'http,https,tcp,tls,crypto',
};

export const sourceSchemes = Object.keys(protocols).map((scheme) => scheme.slice(0, -1));

/** Microseconds. A server that accepts and then says nothing is given up after this. */
const silence = '5000000';

/** Options that belong to the URL, up to and including `-i`'s operand. */
function open(source: UrlSource): string[] {
  const scheme = new URL(source.url).protocol;
  const allowed = ['-protocol_whitelist', protocols[scheme] ?? ''];
  if (scheme.startsWith('rtsp')) {
    return [...allowed, '-rtsp_transport', source.transport, '-timeout', silence, '-i', source.url];
  }
  if (scheme === 'srt:') return [...allowed, '-i', source.url];
  return [...allowed, '-rw_timeout', silence, '-i', source.url];
}

/** The server can fetch it by itself. It does so in sync only where there is nothing to align. */
export function canPull(source: UrlSource): boolean {
  return /^rtsps?:/.test(source.url) && source.transport === 'tcp';
}

export const url = defineSource<UrlSource>({
  kind: 'url',
  summary: `a stream on a network: ${sourceSchemes.join(', ')} (HLS by its http address)`,
  schema: z.strictObject({
    url: z.string().describe('Address, e.g. rtsp://user:${CAMERA_PASS}@192.0.2.10/stream1'),
    transport: z.enum(['tcp', 'udp']).optional().describe('RTSP only; tcp unless told otherwise'),
  }),
  resolve(value: { url: string; transport?: 'tcp' | 'udp' }) {
    return { kind: 'url', url: value.url, transport: value.transport ?? 'tcp' };
  },
  probe(source) {
    return { args: ['-analyzeduration', '3000000', ...open(source)], network: true };
  },
  input(source, media): Input {
    const paced = /^https?:/.test(source.url) ? ['-re'] : [];
    const quick = ['-fpsprobesize', '0', '-analyzeduration', '2000000'];
    const both = ['video', 'audio'].every((type) => media.tracks.some((track) => track.type === type));
    return {
      args: [...paced, ...quick, ...open(source)],
      ...(canPull(source) &&
        both && { why: "read by ffmpeg, which aligns picture and sound by the camera's own clock" }),
      ...(media.tracks.some((track) => track.type === 'video') && { video: '0:v:0' }),
      ...(media.tracks.some((track) => track.type === 'audio') && { audio: '0:a:0' }),
    };
  },
});

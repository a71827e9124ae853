/** A path on the server: what players open by RTSP, RTMP, HLS or WebRTC. */
export interface PathSink {
  kind: 'path';
  path: string;
}

const name = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,7}$/;

export const path = {
  kind: 'path',
  summary: 'a path on the server, e.g. lobby/marked',
  /** The sink that a short form names; undefined: it is not one of this kind. */
  resolve(text: string): PathSink | undefined {
    return name.test(text) ? { kind: 'path', path: text } : undefined;
  },
} as const;

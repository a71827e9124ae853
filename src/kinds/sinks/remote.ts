/** Another server, to which the media server copies the route by itself. */
export interface RemoteSink {
  kind: 'remote';
  url: string;
}

export const remoteSchemes = ['rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt', 'whip', 'whips'];

export const remote = {
  kind: 'remote',
  summary: `a remote server: ${remoteSchemes.join(', ')}`,
  /** The sink that a short form names; undefined: it is not one of this kind. */
  resolve(text: string): RemoteSink | undefined {
    const scheme = /^([a-z]+):\/\/./.exec(text)?.[1];
    return scheme !== undefined && remoteSchemes.includes(scheme) ? { kind: 'remote', url: text } : undefined;
  },
} as const;

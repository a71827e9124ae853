/** What the programs at hand can do: the part of the planner's facts that `relay doctor` measures. */
export interface Tools {
  platform: 'linux' | 'darwin' | 'win32';
  ffmpeg: {
    /** "5.1.9", "7.1", … */
    version: string;
    /** Names of the encoders, e.g. libx264, aac, libopus. */
    encoders: string[];
    /** Output protocols, e.g. srt, rtmp, tcp. */
    protocols: string[];
    /** Input devices, e.g. x11grab, v4l2, alsa. */
    devices: string[];
    /** Filters, e.g. drawtext. */
    filters: string[];
  };
}

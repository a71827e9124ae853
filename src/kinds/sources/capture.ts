/** What desktops and devices share: the sound input beside the picture, on one clock with it. */
import type { Tools } from '../tools.ts';

/** Names of capture devices: no option can hide in them, and none of the separators of the capture formats. */
export const deviceName = /^[A-Za-z0-9_/@{][A-Za-z0-9 _/.,+@{}()#=-]{0,255}$/;

/**
 * A second input for sound. Both inputs are stamped by the same system clock; `-isync 0` keeps the
 * difference of their first stamps, where ffmpeg would start each at zero.
 */
export function soundInput(name: string, tools: Tools): string[] {
  const device = tools.platform === 'win32' ? `audio=${name}` : name;
  const format = { linux: linuxSound(name, tools), darwin: 'avfoundation', win32: 'dshow' }[tools.platform];
  const operand = tools.platform === 'darwin' ? `:${name}` : device;
  return ['-thread_queue_size', '1024', '-isync', '0', '-f', format, '-i', operand];
}

/** `hw:1` and its like are ALSA's names; `default` and names of sound servers are PulseAudio's where it is built in. */
function linuxSound(name: string, tools: Tools): string {
  return /^(plug)?hw:/.test(name) || !tools.ffmpeg.devices.includes('pulse') ? 'alsa' : 'pulse';
}

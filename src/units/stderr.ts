/** From what ffmpeg wrote before it ended to the cause in one line. */
import type { ExitCause } from '../observe/state.ts';
import { cause } from './cause.ts';

const signs: [RegExp, ExitCause['class']][] = [
  [/^setpriv: failed to execute/, 'spawn'],
  [
    /av_interleaved_write_frame|error writing trailer|submitting a packet to the muxer|error muxing/i,
    'server',
  ],
  [/\b401\b|\b403\b|unauthorized|authorization failed|authentication fail|access denied/i, 'auth'],
  [/connection refused/i, 'refused'],
  [
    /server returned 404|404 not found|no such file or directory|no such device|cannot open display/i,
    'not-found',
  ],
  [
    /unknown encoder|unknown decoder|could not find tag for codec|not currently supported in container|error (while opening|initializing output|opening) (en|de)coder|codec .* (is )?not supported|only .* (is|are) supported|error while opening encoder/i,
    'codec',
  ],
  [
    /timed out|connection reset|network is unreachable|no route to host|failed to resolve|name or service not known|temporary failure in name|host is down|broken pipe/i,
    'network',
  ],
  [
    /invalid data found|moov atom not found|could not find codec parameters|option .* not found|unrecognized option|error parsing|matches no streams|error opening input|permission denied|invalid argument/i,
    'input',
  ],
  [/end of file|input\/output error|i\/o error/i, 'network'],
];

/** The class of one line; undefined when it tells none. */
export function classOf(line: string): ExitCause['class'] | undefined {
  return signs.find(([sign]) => sign.test(line))?.[1];
}

/** The streams between our processes and the media server: an error on one is not the source's. */
const ours = /streamid=(publish|read):|rtmp:\S*[?&]user=\*{3}&pass=|:\/\/relay-gw-/;

export function causeOfExit(code: number | null, signal: string | null, stderr: string[]): ExitCause {
  const rest = { code, signal, stderr };
  // Killed from outside: whatever it complained about before is not why.
  if (signal !== null) return cause('signal', `killed by ${signal}`, rest);
  for (const [sign, kind] of signs) {
    const line = stderr.findLast((text) => sign.test(text));
    if (line === undefined) continue;
    if (kind === 'server' || ours.test(line))
      return cause('server', `the media server refused or ended the stream: ${plain(line)}`, rest);
    return cause(kind, plain(line), rest);
  }
  if (code === 0) return cause('exit', 'the stream ended', rest);
  const last = stderr.at(-1);
  return cause('exit', last === undefined ? `exit code ${code}` : `exit code ${code}: ${plain(last)}`, rest);
}

/** "[rtsp @ 0x55d0] [error] method DESCRIBE failed" → "method DESCRIBE failed" */
function plain(line: string): string {
  return line.replace(/^(\[[^\]]*\] *)+/, '').slice(0, 200);
}

/** The sound of a stream as it is coded: what was copied is the same byte for byte. */
import { ffmpegPath } from './binaries.ts';
import { inputArgsOf } from './decode.ts';
import type { Scope } from './process.ts';

/** The payloads of its packets, one after the other. `seconds`: of media; left out: to the end. */
export async function soundBytes(
  s: Scope,
  url: string,
  seconds?: number,
  inputArgs = inputArgsOf(url),
): Promise<Buffer> {
  const part = seconds === undefined ? [] : ['-t', String(seconds)];
  const child = s.spawn(
    ffmpegPath(),
    [
      ...['-nostdin', '-v', 'error', ...inputArgs, '-i', url, '-map', '0:a:0', ...part],
      ...['-c', 'copy', '-f', 'data', 'pipe:1'],
    ],
    { name: `sound of ${url}`, rawStdout: true },
  );
  const parts: Buffer[] = [];
  child.process.stdout!.on('data', (chunk: Buffer) => parts.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await child.exited;
  clearTimeout(timer);
  return Buffer.concat(parts);
}

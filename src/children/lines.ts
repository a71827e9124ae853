/** Lines of text out of chunks that end anywhere, also within a sign. */

/** @param most a line that grows longer than this is left out */
export function byLine(
  take: (line: string) => void,
  most = Number.POSITIVE_INFINITY,
): (chunk: Buffer) => void {
  const decoder = new TextDecoder();
  let rest = '';
  return (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > most) rest = '';
    for (const line of lines) take(line);
  };
}

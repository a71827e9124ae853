/** How many threads a codec gets. */
const SMALL = 1280 * 720 * 30;

/**
 * One up to 720p30, where more only cost; beyond that as many as libav sees fit (0), a slice each: frame threads
 * would hold a frame back for each of them.
 */
export function threadsFor(width: number, height: number, fps: number): number {
  return width * height * fps <= SMALL ? 1 : 0;
}

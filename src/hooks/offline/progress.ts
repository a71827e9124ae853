import type { Clip } from '../libav/clip.ts';
import { TICKS } from '../timeline.ts';
import type { OfflineReport } from './job.ts';

const EVERY = 250;

/** Says how far it is until the returned function is called. */
export function reportProgress(
  report: (report: OfflineReport) => void,
  { frames, seconds }: Pick<Clip, 'frames' | 'seconds'>,
  now: () => { frames: number; ticks: number },
): () => void {
  const of = { ...(frames !== undefined && { frames }), ...(seconds !== undefined && { seconds }) };
  const timer = setInterval(() => {
    const { frames, ticks } = now();
    report({ type: 'progress', frames, seconds: ticks / TICKS, of });
  }, EVERY);
  return () => clearInterval(timer);
}

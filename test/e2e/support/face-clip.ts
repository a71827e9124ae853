/** A clip with one face at a known place: the photograph of an astronaut that scikit-image ships, with a beep a second. */
import { pythonPath } from './binaries.ts';
import { make } from './clips.ts';
import { runOnce, type Scope } from './process.ts';

/** Where the face is in its 512 × 512 pixels. */
export const face = { left: 170, right: 280, top: 60, bottom: 180 };

const where = [
  'import importlib.util as i',
  'print(i.find_spec("skimage").submodule_search_locations[0] + "/data/astronaut.png")',
].join('; ');

/** A white square that goes from left to right below the face. */
export const square = { top: 440, size: 60 };

/**
 * The camera sways by a few pixels, as one on a mast; or the square moves before a photograph that stands still.
 * undefined: the photograph or OpenCV is not at hand.
 */
export async function faceClip(s: Scope, moving = false): Promise<string | undefined> {
  const program = `import cv2, numpy; cv2.CascadeClassifier; ${where}`;
  const { code, output } = await runOnce(s, pythonPath(), ['-c', program]);
  if (code !== 0) return undefined;
  const across = `color=white:s=${square.size}x${square.size}:r=25[s];[0:v][s]overlay=x='mod(t*120,452)':y=${square.top}:shortest=1`;
  const sway = "crop=500:500:x='6+6*sin(t)':y=6,scale=512:512";
  return make(
    [
      ...['-loglevel', 'error', '-y', '-loop', '1', '-framerate', '25', '-i', output.trim()],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:beep_factor=4:sample_rate=48000', '-t', '32'],
      ...['-filter_complex', moving ? across : `[0:v]${sway}`, '-map', '1:a'],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-crf',
        '20',
        '-pix_fmt',
        'yuv420p',
        '-bf',
        '0',
        '-g',
        '25',
      ],
      ...['-c:a', 'aac', '-b:a', '96k'],
    ],
    'mp4',
  );
}

/**
 * `relay:stamp`: burns the clock (UTC) and the frame's number into the picture.
 *
 *   hook:
 *     module: relay:stamp
 *     options: { position: bottom-right, text: '{route}  {time}  #{frame}' }
 *
 * It touches no pixel itself: it answers with a label, and the gateway draws it. So it works in both modes,
 * and whatever the size of the frames.
 */
import { defineHook } from '../contract.ts';
import { choiceOption, onlyOptions, textOption } from './options.ts';

const positions = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;

let position: (typeof positions)[number] = 'top-left';
let text = '';

export default defineHook({
  // Runs once, before the first frame. What it throws stands in the log and in `relay status`.
  setup({ options }) {
    onlyOptions(options, ['position', 'text']);
    position = choiceOption(options, 'position', positions);
    text = textOption(options, 'text', '{time}  #{frame}');
  },

  process(frame, { route }) {
    const words: Record<string, string> = {
      // When the picture was decoded: with a clock in view of the camera it shows the delay up to here.
      time: new Date(frame.wallClock).toISOString().replace('T', ' '),
      frame: String(frame.sequence),
      route,
    };
    const label = {
      // A label that starts in the picture is moved until all of it can be read: a corner is enough.
      x: position.endsWith('left') ? 0 : frame.codedWidth - 1,
      y: position.startsWith('top') ? 0 : frame.codedHeight - 1,
      text: text.replace(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole),
      // The background; the text on it is black or white.
      color: '#000000',
    };
    return { overlay: { labels: [label] } };
  },
});

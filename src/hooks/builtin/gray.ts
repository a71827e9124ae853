/**
 * `relay:gray`: the picture without its colours. The smallest hook that writes into the frame, so it needs
 * mode inline.
 */
import { defineHook } from '../contract.ts';

export default defineHook({
  // What decoders give: nothing is converted. Plane 0 is brightness, planes 1 and 2 are colour.
  format: 'yuv420p',

  process(frame) {
    // With format gray8 in relay.yaml there are no colours to take away: the picture itself is the answer.
    if (frame.format === 'gray8') return frame.copy();
    if (frame.format !== 'yuv420p') throw new Error(`relay:gray works on yuv420p, not on ${frame.format}`);
    // 128 means: no colour. What is written here is what viewers see; nothing needs to be returned.
    for (const plane of frame.planes.slice(1)) plane.data.fill(128);
    return undefined;
  },
});

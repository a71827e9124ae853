/**
 * A hook in TypeScript, without a model: darkens the lower third of the picture and says once a second how
 * bright the rest is. Put your detector where the mean is taken.
 *
 *     hook: { module: ./hooks/people.ts, options: { alarm: 40 } }
 */
import { defineHook } from 'relay-gateway/hook';

interface Options {
  /** Brightness below which an event is sent, 0 … 255. */
  alarm?: number;
}

let told = -1;

export default defineHook<Options>({
  format: 'yuv420p',

  setup(ctx) {
    ctx.log(`watching ${ctx.route}`);
  },

  process(frame, ctx) {
    const [luma] = frame.planes;
    const third = Math.floor((luma.height * 2) / 3);

    let sum = 0;
    let count = 0;
    for (let y = 0; y < third; y += 8) {
      for (let x = 0; x < luma.width; x += 8) {
        sum += luma.data[y * luma.stride + x];
        count++;
      }
    }
    for (let at = third * luma.stride; at < luma.data.length; at++) luma.data[at] >>= 1;

    const second = Math.floor(frame.timestamp / 1e6);
    if (second === told) return;
    told = second;
    const brightness = Math.round(sum / count);
    const dark = brightness < (ctx.options.alarm ?? 40);
    return { meta: { brightness }, ...(dark && { event: 'dark', data: { brightness } }) };
  },
});

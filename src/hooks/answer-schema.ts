/** What may come from a hook in words, checked field by field: the parts that the wire and HTTP share. */
import { z } from 'zod';

const most = { boxes: 1000, labels: 1000, masks: 32, corners: 1000, allCorners: 2000, events: 100 };

/** What is nested deeper than this exhausts the stack of whoever writes it as JSON. */
const DEEPEST = 50;

/** Any JSON within reason. */
export const anything = z.unknown().refine((value) => !isDeep(value), `is nested more than ${DEEPEST} deep`);

/** Level by level: a recursion could itself go too deep. */
function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

export const shortText = z.string().max(1000);
export const eventName = z.string().min(1).max(200);
const coordinate = z.number().min(-1e6).max(1e6);
const color = z.string().regex(/^#[0-9a-f]{6}$/i, 'a colour is "#rrggbb"');

const box = z.object({
  x: coordinate,
  y: coordinate,
  width: coordinate,
  height: coordinate,
  label: shortText.optional(),
  color: color.optional(),
});
const label = z.object({ x: coordinate, y: coordinate, text: shortText, color: color.optional() });
const mask = z.object({
  polygon: z
    .array(z.tuple([coordinate, coordinate]))
    .min(3)
    .max(most.corners),
  color: color.optional(),
  opacity: z.number().min(0).max(1).optional(),
});

export const overlay = z
  .object({
    boxes: z.array(box).max(most.boxes),
    labels: z.array(label).max(most.labels),
    masks: z
      .array(mask)
      .max(most.masks)
      // Filling takes time for each corner on each row, in the very process that muxes.
      .refine(
        (masks) => masks.reduce((sum, { polygon }) => sum + polygon.length, 0) <= most.allCorners,
        `more than ${most.allCorners} corners in all`,
      ),
  })
  .partial();

export const event = z.object({ name: eventName, data: anything.optional() });
export const events = z.array(event).max(most.events);

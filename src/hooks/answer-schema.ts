/** What may come from a hook in words, checked field by field: the parts that the wire and HTTP share. */
import { z } from 'zod';

const most = { boxes: 1000, labels: 1000, masks: 100, corners: 1000, events: 100 };

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
    masks: z.array(mask).max(most.masks),
  })
  .partial();

export const event = z.object({ name: eventName, data: z.unknown().optional() });
export const events = z.array(event).max(most.events);

// Places the titles of points so that none covers another, in the order of their worth;
// those without a place go without.

import { textWidth } from "./plot.js";

/** A point to be titled, pixels. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly bold?: boolean;
}

/** Bold letters are so much wider. */
const BOLD = 1.12;

/** Where a title stands: its anchor point, pixels, and its side of the point. */
interface PlacedLabel {
  /** Index of the point. */
  readonly at: number;
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "end" | "middle";
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlaps = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * Greedy: each title tries the right, the left, above and below its point, and takes the
 * first place that is free and inside.
 *
 * @param radius of the points' dots, which no title may cover either.
 */
export function placeLabels(
  points: readonly Labelled[],
  size: { width: number; height: number },
  fontSize: number,
  radius = 4,
): PlacedLabel[] {
  const dots = points.map(({ x, y }): Box => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  const taken: Box[] = [];
  const placed: PlacedLabel[] = [];
  const gap = radius + 3;
  points.forEach(({ x, y, text, bold }, at) => {
    const width = textWidth(text, fontSize) * (bold ? BOLD : 1);
    const places = [
      { x: x + gap, y, anchor: "start", left: x + gap },
      { x: x - gap, y, anchor: "end", left: x - gap - width },
      { x, y: y - gap - fontSize / 2, anchor: "middle", left: x - width / 2 },
      { x, y: y + gap + fontSize / 2, anchor: "middle", left: x - width / 2 },
    ] as const;
    for (const place of places) {
      const box = { left: place.left, right: place.left + width, top: place.y - 0.6 * fontSize, bottom: place.y + 0.6 * fontSize };
      const inside = box.left >= 0 && box.right <= size.width && box.top >= 0 && box.bottom <= size.height;
      if (!inside || taken.some((other) => overlaps(box, other)) || dots.some((dot, other) => other !== at && overlaps(box, dot))) continue;
      taken.push(box);
      placed.push({ at, x: place.x, y: place.y, anchor: place.anchor });
      return;
    }
  });
  return placed;
}

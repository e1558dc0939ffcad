/** Where lines are on a page whose elements cannot be higher than browsers allow. */
export const ROW = 18;

/** Chromium clips elements at 33,554,428 pixels. */
const HIGHEST = 27_000_000;

export interface Scale {
  height: number;
  /** The first line in view. */
  lineOf: (top: number) => number;
  /** The place to scroll to for a line. */
  topOf: (line: number) => number;
  /** Where a line is drawn, while the page is scrolled to `top`. */
  placeOf: (line: number, top: number) => number;
}

export function scaleOf(lines: number, view: number): Scale {
  const whole = lines * ROW;
  if (whole <= HIGHEST) {
    return { height: whole, lineOf: (top) => Math.floor(top / ROW), topOf: (line) => line * ROW, placeOf: (line) => line * ROW };
  }
  // A pixel of the scroll bar is more than a line: lines are drawn around the place that it points to.
  const ratio = (whole - view) / (HIGHEST - view);
  return {
    height: HIGHEST,
    lineOf: (top) => Math.floor((top * ratio) / ROW),
    topOf: (line) => (line * ROW) / ratio,
    placeOf: (line, top) => top + (line * ROW - top * ratio),
  };
}

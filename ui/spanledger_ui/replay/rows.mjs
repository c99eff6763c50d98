// Which rows of a long list stand in the window. Pure arithmetic.

export const ROW_PX = 28;
const SPARE = 8; // rows kept above and below, so that scrolling shows no gaps

/**
 * Return the rows to draw: from `first` up to, not including, `end`.
 * @param {number} scrollTop
 * @param {number} height of the window
 * @param {number} rows how many there are
 */
export function visible(scrollTop, height, rows) {
  const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE);
  const end = Math.min(rows, Math.ceil((scrollTop + height) / ROW_PX) + SPARE);
  return { first: Math.min(first, rows), end: Math.max(end, 0) };
}

/**
 * Return the scroll position that shows a row, moving no more than it must.
 * @param {number} place
 * @param {number} scrollTop
 * @param {number} height
 */
export function revealed(place, scrollTop, height) {
  const top = place * ROW_PX;
  const margin = Math.min(ROW_PX, Math.max(0, (height - ROW_PX) / 2));
  if (top - margin < scrollTop) return Math.max(0, top - margin);
  if (top + ROW_PX + margin > scrollTop + height) return top + ROW_PX + margin - height;
  return scrollTop;
}

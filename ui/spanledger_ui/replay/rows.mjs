// Which rows of a long list stand in the window. Pure arithmetic.

export const ROW_PX = 28;
export const HEADS_PX = 24; // the headings, which stay on top of the rows
const SPARE = 8; // rows kept above and below, so that scrolling shows no gaps

/**
 * Return the rows to draw: from `first` up to, not including, `end`.
 * @param {number} scrollTop
 * @param {number} height of the window
 * @param {number} rows how many there are
 */
export function visible(scrollTop, height, rows) {
  const first = Math.max(0, Math.floor((scrollTop - HEADS_PX) / ROW_PX) - SPARE);
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
  const top = place * ROW_PX; // where it stands under the headings when scrolled to here
  const bottom = top + HEADS_PX + ROW_PX - height;
  const margin = Math.min(ROW_PX, Math.max(0, (height - HEADS_PX - ROW_PX) / 2));
  if (scrollTop > top - margin) return Math.max(0, top - margin);
  if (scrollTop < bottom + margin) return bottom + margin;
  return scrollTop;
}

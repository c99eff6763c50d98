// The whole session in a strip below a timeline that shows a part of it, and which part.

import { LANE_PX, lanes } from "./scale.mjs";
import { centred, isWhole } from "./zoom.mjs";
import { element } from "./dom.mjs";
import { paint } from "./paint.mjs";

const HEIGHT_PX = 14;

/**
 * Return a minimap; `move` is called with the lens that was dragged to.
 * @param {(lens: import("./zoom.mjs").Lens) => void} move
 */
export function minimap(move) {
  const bars = /** @type {HTMLCanvasElement} */ (element("canvas"));
  const frame = element("div", { class: "lens" });
  const root = element("div", { class: "minimap", role: "presentation" }, bars, frame);
  let lens = { from: 0, to: 1 };

  const drag = (press) => {
    const at = root.getBoundingClientRect();
    move(centred(lens, (press.clientX - at.left) / at.width));
  };
  root.addEventListener("pointerdown", (press) => {
    root.setPointerCapture(press.pointerId);
    drag(press);
  });
  root.addEventListener("pointermove", (press) => press.buttons === 1 && drag(press));

  return {
    root,
    /**
     * Draw the whole, and the part that is looked at; nothing while that is the whole.
     * @param {import("./model.mjs").Step[]} steps
     * @param {import("./scale.mjs").Axis} axis
     * @param {import("./zoom.mjs").Lens} shown
     */
    draw(steps, axis, shown) {
      lens = shown;
      root.hidden = isWhole(lens);
      if (root.hidden) return;
      const height = lanes(steps) * LANE_PX;
      paint(bars, steps, axis, Math.max(1, root.clientWidth), height, HEIGHT_PX / height);
      Object.assign(frame.style, { left: `${lens.from * 100}%`, width: `${(lens.to - lens.from) * 100}%` });
    },
  };
}

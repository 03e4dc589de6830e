/** The class of the static report, and of the view that the extension draws. The former is set in gradmagic/render/html.py. */
export const STATIC = "gradmagic-static";
export const DRAWN = "gm-rendered";

const OUTPUT = ".jp-OutputArea-child";

/**
 * A widget stands under the report that the notebook keeps. Where the extension draws that one, the widget has nothing to add; where it is
 * static, it gives way while the widget lives. The function returned brings it back.
 */
export function onePerCell(el: HTMLElement): () => void {
  let hidden: HTMLElement | null = null;
  const look = () => {
    const mine = el.closest<HTMLElement>(OUTPUT);
    const above = mine?.previousElementSibling as HTMLElement | null | undefined;
    if (!mine || !above) return;
    if (above.querySelector(`.${DRAWN}`)) hidden = mine;
    else if (above.querySelector(`.${STATIC}`)) hidden = above;
    if (hidden) hidden.style.display = "none";
  };
  // When it is drawn the widget is no part of the page yet.
  const seen = new ResizeObserver(() => {
    if (!el.isConnected) return;
    seen.disconnect();
    look();
  });
  seen.observe(el);
  return () => {
    seen.disconnect();
    if (hidden) hidden.style.display = "";
  };
}

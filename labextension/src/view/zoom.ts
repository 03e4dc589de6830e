import { select } from "d3-selection";
import { type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { button, el } from "./dom";
import { trans } from "./language";

// Words are not made smaller than this by fitting a picture into its frame.
const SMALLEST_FIT = 0.58;
const STEP = 1.3;

/** A picture in a frame: it can be dragged, zoomed (with Ctrl or two fingers, so that the page still scrolls) and fitted. */
export class Zoom {
  readonly buttons: HTMLElement;
  private behaviour = zoom<SVGSVGElement, unknown>();
  private size = { width: 1, height: 1 };
  private room = 0;
  private current: ZoomTransform = zoomIdentity;
  private anchor: { x: number; y: number } | null = null;
  private touched = false;

  constructor(
    private svg: SVGSVGElement,
    layer: SVGGElement,
    private tallest: number,
    private resized: (room: number) => void,
  ) {
    const picture = select(svg);
    this.behaviour
      .scaleExtent([0.2, 4])
      .extent(() => [
        [0, 0],
        [this.room || this.size.width, Number(svg.getAttribute("height")) || this.size.height],
      ])
      .filter((event: Event) => {
        if (event.type === "wheel") return (event as WheelEvent).ctrlKey || (event as WheelEvent).metaKey;
        // One finger scrolls the page; a double click opens a group.
        if (event.type.startsWith("touch")) return (event as TouchEvent).touches.length > 1;
        return event.type === "mousedown" && (event as MouseEvent).button === 0;
      })
      .on("zoom", (event: { transform: ZoomTransform; sourceEvent: Event | null }) => {
        this.current = event.transform;
        if (event.sourceEvent) this.touched = true;
        layer.setAttribute("transform", String(event.transform));
      });
    picture.call(this.behaviour).on("dblclick.zoom", null);
    const by = (factor: number) => {
      this.touched = true;
      this.behaviour.scaleBy(picture, factor);
    };
    this.buttons = el(
      "span",
      { class: "gm-zoom", attributes: { role: "group", "aria-label": trans.__("Zoom") } },
      button("−", trans.__("Smaller"), () => by(1 / STEP)),
      button("+", trans.__("Larger"), () => by(STEP)),
      button(trans.__("Fit"), trans.__("Show the whole graph"), () => this.fit()),
    );
    new ResizeObserver(() => this.measure()).observe(svg);
  }

  /** A new picture of this size; where it does not fit legibly, `anchor` is what is shown of it. */
  picture(width: number, height: number, anchor: { x: number; y: number } | null): void {
    this.size = { width, height };
    this.anchor = anchor;
    this.touched = false;
    this.settle();
  }

  /** Show the whole picture, however small. */
  fit(): void {
    this.touched = true;
    this.place(Math.min(1.4, this.room / this.size.width, this.tall() / this.size.height), null);
  }

  /** Bring a place into sight, if it is not. */
  reveal(x: number, y: number): void {
    const [atX, atY] = this.current.apply([x, y]);
    const margin = 60;
    if (this.room && (atX < margin || atX > this.room - margin || atY < 0 || atY > this.tall()))
      this.behaviour.translateTo(select(this.svg), x, y);
  }

  /** Move by the keyboard; false where the key means nothing here. */
  key(key: string): boolean {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [60, 0],
      ArrowRight: [-60, 0],
      ArrowUp: [0, 60],
      ArrowDown: [0, -60],
    };
    const picture = select(this.svg);
    if (key in steps)
      this.behaviour.translateBy(picture, steps[key][0] / this.current.k, steps[key][1] / this.current.k);
    else if (key === "+" || key === "=") this.behaviour.scaleBy(picture, STEP);
    else if (key === "-") this.behaviour.scaleBy(picture, 1 / STEP);
    else if (key === "0") this.fit();
    else return false;
    this.touched = true;
    return true;
  }

  private tall(): number {
    return Number(this.svg.getAttribute("height")) || this.size.height;
  }

  private measure(): void {
    const room = this.svg.clientWidth;
    if (!room || room === this.room) return;
    this.room = room;
    this.resized(room);
    if (!this.touched) this.settle();
  }

  private settle(): void {
    const whole = Math.min(1, (this.room || this.size.width) / this.size.width, this.tallest / this.size.height);
    const scale = Math.max(whole, SMALLEST_FIT);
    this.svg.setAttribute("height", String(Math.ceil(Math.min(this.size.height * scale, this.tallest))));
    this.place(scale, whole < SMALLEST_FIT ? this.anchor : null);
  }

  private place(scale: number, anchor: { x: number; y: number } | null): void {
    const room = this.room || this.size.width;
    const { width, height } = this.size;
    // Centred where there is room to spare; else so that the anchor is in the middle, without empty space at the edges.
    const along = (space: number, length: number, at: number | undefined) =>
      length <= space ? (space - length) / 2 : Math.min(0, Math.max(space - length, space / 2 - (at ?? 0)));
    const x = along(room, width * scale, anchor ? anchor.x * scale : undefined);
    const y = along(this.tall(), height * scale, anchor ? anchor.y * scale : undefined);
    this.behaviour.transform(select(this.svg), zoomIdentity.translate(x, y).scale(scale));
  }
}

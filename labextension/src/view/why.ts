import type { Report, VariableReport } from "../report";
import { WORDS } from "../vocabulary";
import { button, el } from "./dom";
import { trans } from "./language";
import type { ViewOptions } from "./options";
import { prose } from "./prose";
import { lineKey, type Selection } from "./selection";
import { ending, type WhyStep, whySteps } from "./steps";
import { placeText, shortened } from "./words";

/** The place under a table where *Why?* is answered, one step after the other; empty until something is asked. */
export class Why {
  readonly node = el("section", { class: "gm-why", attributes: { "data-lm-suppress-shortcuts": "true" } });
  private steps: WhyStep[] = [];
  private items: HTMLElement[] = [];
  private at = 0;
  private back = button(trans.__("‹ Back"), trans.__("The step before"), () => this.go(this.at - 1));
  private next = button(trans.__("Next ›"), trans.__("The next step"), () => this.go(this.at + 1));
  private asked: VariableReport | null = null;

  constructor(
    private report: Report,
    private call: number,
    private selection: Selection,
    private options: ViewOptions,
  ) {
    this.node.hidden = true;
    this.node.addEventListener("keydown", (event) => {
      const to: Record<string, number> = {
        ArrowRight: this.at + 1,
        ArrowDown: this.at + 1,
        ArrowLeft: this.at - 1,
        ArrowUp: this.at - 1,
      };
      if (event.key in to) this.go(to[event.key]);
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    // Another choice ends the explanation, or two things would be lit at once.
    selection.listen((selected) => {
      if (this.asked && (selected.variable !== this.asked.name || selected.call !== this.call)) this.close();
    });
  }

  ask(variable: VariableReport): void {
    this.asked = variable;
    this.selection.set({ call: this.call, variable: variable.name });
    this.steps = whySteps(this.report, this.call, variable);
    this.items = this.steps.map((step, i) => this.item(step, i));
    const title = trans.__("Why is the gradient of `%1` %2?", variable.name, WORDS[variable.status]);
    this.node.setAttribute("aria-label", title.replaceAll("`", ""));
    this.node.replaceChildren(
      el(
        "div",
        { class: "gm-why-head" },
        el("h4", { class: "gm-why-title" }, prose(title)),
        button("✕", trans.__("Close this explanation"), () => this.close()),
      ),
      el("ol", { class: "gm-steps" }, ...this.items),
      el("p", { class: "gm-why-end" }, prose(trans.__("So %1.", ending(variable)))),
      el("div", { class: "gm-actions" }, this.back, this.next),
    );
    this.node.hidden = false;
    this.go(0);
    this.next.focus({ preventScroll: true });
    this.node.scrollIntoView?.({ block: "nearest" });
  }

  private close(): void {
    this.asked = null;
    this.node.hidden = true;
    this.selection.stand(null);
    this.options.light?.(null);
  }

  private item(step: WhyStep, index: number): HTMLElement {
    const at = step.location;
    const node = el("li", { class: "gm-step-item" });
    const press = el(
      "button",
      { class: "gm-step-button", attributes: { type: "button" } },
      el("span", { class: "gm-step-text" }, prose(step.text)),
      at && el("span", { class: "gm-dim" }, ` ${placeText(at, this.report.cell)}`),
      at?.code ? el("code", { class: "gm-step-code" }, shortened(at.code.trim(), 200)) : null,
    );
    press.addEventListener("click", () => this.go(index));
    node.append(press);
    return node;
  }

  private go(index: number): void {
    this.at = Math.max(0, Math.min(index, this.steps.length - 1));
    this.items.forEach((item, i) => {
      item.classList.toggle("gm-current", i === this.at);
      if (i === this.at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    // Not disabled, or the button would lose the focus at the last step.
    this.back.setAttribute("aria-disabled", String(this.at === 0));
    this.next.setAttribute("aria-disabled", String(this.at === this.steps.length - 1));
    const step = this.steps[this.at];
    this.selection.stand({ call: this.call, node: step.node, line: lineKey(step.location) });
    this.options.light?.(step.location);
  }
}

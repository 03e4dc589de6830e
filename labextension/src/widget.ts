import type { AnyModel } from "@anywidget/types";
import style from "../style/report.css";
import type { Report } from "./report";
import { trials } from "./trials";
import { onePerCell } from "./twin";
import { renderReport } from "./view";
import { type Selected, Selection } from "./view/selection";

interface Model {
  report: Report;
  selection: Selected;
  can_try: boolean;
}

function render({ model, el }: { model: AnyModel<Model>; el: HTMLElement }): () => void {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const host = document.createElement("div");
  el.append(sheet, host);
  const leave = onePerCell(el);
  let selection = new Selection();
  const desk = trials((message) => model.send(message));
  const draw = () => {
    selection = renderReport(host, model.get("report"), {
      onSelect: (selected) => {
        model.set("selection", selected);
        model.save_changes();
      },
      tryFix: model.get("can_try") ? desk.ask : undefined,
    });
    follow();
  };
  const follow = () => selection.set(model.get("selection"));
  draw();
  model.on("change:report", draw);
  model.on("change:can_try", draw);
  model.on("change:selection", follow);
  model.on("msg:custom", desk.answer);
  return () => {
    leave();
    model.off("change:report", draw);
    model.off("change:can_try", draw);
    model.off("change:selection", follow);
    model.off("msg:custom", desk.answer);
  };
}

export default { render };

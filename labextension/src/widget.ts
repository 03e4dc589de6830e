import type { AnyModel } from "@anywidget/types";
import style from "../style/report.css";
import type { Report } from "./report";
import { renderReport } from "./view";
import { type Selected, Selection } from "./view/selection";

interface Model {
  report: Report;
  selection: Selected;
}

function render({ model, el }: { model: AnyModel<Model>; el: HTMLElement }): () => void {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const host = document.createElement("div");
  el.append(sheet, host);
  let selection = new Selection();
  const draw = () => {
    selection = renderReport(host, model.get("report"), {
      onSelect: (selected) => {
        model.set("selection", selected);
        model.save_changes();
      },
    });
    follow();
  };
  const follow = () => selection.set(model.get("selection"));
  draw();
  model.on("change:report", draw);
  model.on("change:selection", follow);
  return () => {
    model.off("change:report", draw);
    model.off("change:selection", follow);
  };
}

export default { render };

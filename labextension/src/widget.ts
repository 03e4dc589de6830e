import type { AnyModel } from "@anywidget/types";
import style from "../style/report.css";
import type { Report } from "./report";
import { renderReport, type Selected } from "./view";

interface Model {
  report: Report;
  selection: Selected;
}

function render({ model, el }: { model: AnyModel<Model>; el: HTMLElement }): () => void {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const host = document.createElement("div");
  el.append(sheet, host);
  const draw = () =>
    renderReport(host, model.get("report"), {
      onSelect: (selected) => {
        model.set("selection", selected);
        model.save_changes();
      },
    });
  draw();
  model.on("change:report", draw);
  return () => model.off("change:report", draw);
}

export default { render };

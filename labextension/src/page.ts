/** The script of a page of its own: the same view over the report that the page carries, in place of the static one. */

import style from "../style/report.css";
import { renderReport } from "./view";

const data = document.getElementById("gradmagic-report");
const still = document.getElementById("gradmagic-static");

if (data && still) {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const host = document.createElement("div");
  document.head.append(sheet);
  still.before(host);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paper = window.matchMedia("print");
  const theme = () => {
    document.body.dataset.jpThemeLight = String(paper.matches || !dark.matches);
  };
  theme();
  dark.addEventListener("change", theme);
  paper.addEventListener("change", theme);
  renderReport(host, JSON.parse(data.textContent ?? "null"));
  still.hidden = true;
}

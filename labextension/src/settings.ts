import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { Finding } from "./report";

/** What the user has set; the defaults where there are no settings. */
export interface Settings {
  marks: boolean;
  least: Finding["severity"];
  everyRun: boolean;
}

const ORDER: Finding["severity"][] = ["note", "warning", "error"];

export const DEFAULTS: Settings = { marks: true, least: "note", everyRun: false };

export function readSettings(settings: ISettingRegistry.ISettings): Settings {
  return {
    marks: settings.composite.marks !== false,
    least: ORDER.find((severity) => severity === settings.composite.markFrom) ?? DEFAULTS.least,
    everyRun: settings.composite.checkEveryRun === true,
  };
}

/** Whether findings of this severity are marked in the code. */
export function isMarked(settings: Settings, severity: Finding["severity"]): boolean {
  return settings.marks && ORDER.indexOf(severity) >= ORDER.indexOf(settings.least);
}

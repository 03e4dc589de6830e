import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "../src/report";

const FOLDER = join(__dirname, "../../tests/render/blessed");

/** The reports that the Python tests have blessed. */
export const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

export const load = (name: string): Report => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

import type { Fix, Location } from "../report";
import type { Selected } from "./selection";

/** What a view can do besides drawing, where it stands. */
export interface ViewOptions {
  onSelect?: (selected: Selected) => void;
  /** Puts a fix into the notebook and says in words what happened; without it there is no *Apply*. */
  apply?: (fix: Fix) => string;
  /** Shows a place in the notebook's code. */
  show?: (location: Location) => void;
}

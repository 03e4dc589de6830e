import type { Fix, Location, Num } from "../report";
import type { Selected } from "./selection";

/** What came of trying a fix. */
export interface Tried {
  statuses_before: Record<string, string>;
  statuses_after: Record<string, string>;
  loss_before: Num | null;
  loss_after: Num | null;
  /** One sentence where the trial could not be made; the other fields mean nothing then. */
  error: string | null;
}

/** What a view can do besides drawing, where it stands. */
export interface ViewOptions {
  onSelect?: (selected: Selected) => void;
  /** Puts a fix into the notebook and says in words what happened; without it there is no *Apply*. */
  apply?: (fix: Fix) => string;
  /** Runs the code with a fix aside, given the places of finding and fix in the report; without it there is no *Try it*. */
  tryFix?: (finding: number, fix: number) => Promise<Tried>;
  /** Shows a place in the notebook's code. */
  show?: (location: Location) => void;
  /** Lights up a line of the notebook's code where it stands, or none. */
  light?: (location: Location | null) => void;
}

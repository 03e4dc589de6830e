/** What is selected, shared by table, findings, graph and code: a variable of a call, or a finding. */
export interface Selected {
  call?: number;
  variable?: string;
  finding?: number;
}

type Listener = (selected: Selected) => void;

export class Selection {
  private listeners = new Set<Listener>();
  current: Selected = {};

  select(selected: Selected): void {
    this.current = selected;
    for (const listener of this.listeners) listener(selected);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

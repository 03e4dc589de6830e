import type { Num } from "./report";
import type { Tried } from "./view/options";

/** What the kernel is asked, and what it answers; the other end is gradmagic/widget/trials.py. */
export interface TryMessage {
  type: "try";
  finding: number;
  fix: number;
}

export interface TriedMessage extends Tried {
  type: "tried";
  finding: number;
  fix: number;
}

export interface Desk {
  ask: (finding: number, fix: number) => Promise<Tried>;
  answer: (message: unknown) => void;
}

/** Sends trials to the kernel and hands each answer to who asked for it. */
export function trials(send: (message: TryMessage) => void): Desk {
  const waiting = new Map<string, ((tried: Tried) => void)[]>();
  return {
    ask: (finding, fix) =>
      new Promise((resolve) => {
        const key = `${finding} ${fix}`;
        waiting.set(key, [...(waiting.get(key) ?? []), resolve]);
        send({ type: "try", finding, fix });
      }),
    answer: (message) => {
      if (!isTried(message)) return;
      const key = `${message.finding} ${message.fix}`;
      for (const resolve of waiting.get(key) ?? []) resolve(whole(message));
      waiting.delete(key);
    },
  };
}

export function isTried(message: unknown): message is TriedMessage {
  return (message as { type?: unknown } | null)?.type === "tried";
}

/** What the kernel left out is filled in. */
export function whole(message: Partial<TriedMessage>): Tried {
  return {
    statuses_before: message.statuses_before ?? {},
    statuses_after: message.statuses_after ?? {},
    loss_before: (message.loss_before ?? null) as Num | null,
    loss_after: (message.loss_after ?? null) as Num | null,
    error: message.error ?? null,
  };
}

/** What a comment may say of its thread, beside its words: PDF's two models of states (ISO 32000-2, 12.5.6.3). No schema. */
const STATES = {
  resolved: { model: "Review", state: "Completed" },
  reopened: { model: "Review", state: "None" },
  accepted: { model: "Review", state: "Accepted" },
  rejected: { model: "Review", state: "Rejected" },
  cancelled: { model: "Review", state: "Cancelled" },
  marked: { model: "Marked", state: "Marked" },
  unmarked: { model: "Marked", state: "Unmarked" },
} as const;

export type CommentState = keyof typeof STATES;
export const COMMENT_STATES = ["resolved", "reopened", "accepted", "rejected", "cancelled", "marked", "unmarked"] as const;

/** As PDF and XFDF name it. */
export function reviewState(state: CommentState): { readonly model: "Review" | "Marked"; readonly state: string } {
  return STATES[state];
}

/** Null for a name that neither model has. */
export function commentState(name: string | null | undefined): CommentState | null {
  return COMMENT_STATES.find((state) => STATES[state].state === name) ?? null;
}

/** Is the thread resolved? The last comment that resolves or reopens it counts; the other states leave it as it is. Oldest first. */
export function isThreadResolved(states: readonly (CommentState | undefined)[]): boolean {
  return states.findLast((state) => state === "resolved" || state === "reopened") === "resolved";
}

/** Opens a session: asks again while the document is being prepared, for its password, and for a fresh token when this one has expired. */
import type { Opened } from "@lectern/protocol";
import { errorFromProblem } from "@lectern/protocol/plain";
import { type OpenRequest, sendOpen } from "./open-request.ts";

export interface OpenSessionOptions {
  readonly server: string;
  readonly request: OpenRequest;
  /** The answer to exactly this request, when it has been sent already. */
  readonly response?: Promise<Response> | undefined;
  readonly ask: Ask;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What only a person or the page around the viewer can answer. */
export interface Ask {
  password(wrong: boolean): Promise<string>;
  /** A fresh token, or null when there is none to be had. */
  token(): Promise<string | null>;
  preparing(progress: Progress): void;
  /** The service did not answer; resolved when it is worth another try. */
  reachable(): Promise<void>;
}

export interface Progress {
  /** Null: unknown. */
  readonly stage: "converting" | "reading" | null;
  readonly pages: { readonly done: number; readonly total: number } | null;
}

export interface OpenedSession {
  readonly opened: Opened;
  readonly request: OpenRequest;
}

/** Throws the ApiError that stands in the way. */
export async function openSession(options: OpenSessionOptions): Promise<OpenedSession> {
  const { server, ask, sleep } = options;
  let { request, response } = options;
  for (;;) {
    const answer = await (response ?? sendOpen(server, request)).catch(() => null);
    response = undefined;
    if (answer === null) {
      await ask.reachable();
      continue;
    }
    if (answer.ok) return { opened: (await answer.json()) as Opened, request };
    const body: unknown = await answer.json().catch(() => null);
    const error = errorFromProblem(body, answer.status);
    if (error.code === "preparing") {
      ask.preparing(progressOf(body));
      await sleep(Math.max(0.3, Number(answer.headers.get("retry-after") ?? 1)) * 1000);
    } else if (error.code === "password_required" || error.code === "wrong_password") {
      request = { ...request, password: await ask.password(error.code === "wrong_password") };
    } else if (error.code === "token_expired") {
      const token = await ask.token();
      if (token === null || token === request.token) throw error;
      request = { ...request, token };
    } else throw error;
  }
}

function progressOf(body: unknown): Progress {
  const { preparation } = (body ?? {}) as { readonly preparation?: { readonly [member: string]: unknown } };
  const { stage, pagesRead: done, pageCount: total } = preparation ?? {};
  return {
    stage: stage === "converting" || stage === "reading" ? stage : null,
    pages: typeof done === "number" && typeof total === "number" && total > 0 && done <= total ? { done, total } : null,
  };
}

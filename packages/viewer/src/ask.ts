/** Questions that opening a document may raise, answered by the person or by the page around the viewer. */
import { ApiError } from "@lectern/protocol/plain";
import type { Ask } from "./source/open-session.ts";
import type { State } from "./ui/state.ts";

export function askThrough(state: State, onSessionExpired: (() => Promise<string> | string) | undefined, expired: () => void): Ask {
  return {
    password: (wrong) =>
      new Promise((resolve) => {
        const enter = (password: string): void => {
          state.phase.value = { kind: "loading" };
          resolve(password);
        };
        state.phase.value = { kind: "password", wrong, enter };
      }),
    async token() {
      expired();
      const token = await onSessionExpired?.();
      if (token === undefined) return null;
      if (typeof token !== "string" || token === "")
        throw new ApiError("invalid_parameters", "onSessionExpired must return a session token");
      return token;
    },
    preparing: (progress) => (state.phase.value = { kind: "preparing", ...progress }),
    reachable: () =>
      new Promise((resolve) => {
        const tryAgain = (): void => {
          removeEventListener("online", tryAgain);
          state.phase.value = { kind: "loading" };
          resolve();
        };
        addEventListener("online", tryAgain);
        state.phase.value = { kind: "unreachable", tryAgain };
      }),
  };
}

/** Trying again, and ending in time. */
import { ApiError } from "@lectern/protocol/plain";

/** Whoever asks for a longer pause than this is not asked again, but told of: seconds. */
const LONGEST_PAUSE = 60;

/** May the same request succeed a little later? */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status } = error;
  return (status === 408 || status === 429 || (status >= 500 && status !== 501)) && (error.retryAfter ?? 0) <= LONGEST_PAUSE;
}

/** Runs until it succeeds, fails for a reason that lasts, or was repeated often enough. Between attempts it waits as long as asked, else doubling. */
export async function attempts<T>(
  options: { readonly retries: number; readonly signal: AbortSignal | undefined },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let count = 0; ; count++) {
    try {
      options.signal?.throwIfAborted();
      return await attempt();
    } catch (error) {
      if (options.signal?.aborted === true || count >= options.retries || !isPassing(error)) throw error;
      const asked = (error as ApiError).retryAfter;
      await pause(asked === undefined ? (0.5 + Math.random() / 2) * 250 * 2 ** count : asked * 1000, options.signal);
    }
  }
}

/** A signal for one attempt. `explain` turns what fetch threw into what callers get. */
export function signalFor(
  given: AbortSignal | undefined,
  timeout: number,
): { readonly signal: AbortSignal; clear(answered: boolean): void; explain(error: unknown): unknown } {
  const controller = new AbortController();
  let timedOut = false;
  const abort = (): void => controller.abort(given?.reason);
  if (given?.aborted === true) abort();
  given?.addEventListener("abort", abort, { once: true });
  const timer =
    timeout > 0
      ? setTimeout(() => {
          timedOut = true;
          controller.abort();
        }, timeout)
      : undefined;
  return {
    signal: controller.signal,
    clear(answered) {
      clearTimeout(timer);
      // The body of an answer may still be coming, and be cancelled.
      if (!answered) given?.removeEventListener("abort", abort);
    },
    explain(error) {
      if (given?.aborted === true) return given.reason;
      if (timedOut) return new ApiError("request_timeout", `No answer within ${timeout} ms`, { cause: error });
      if (error instanceof ApiError) return error;
      if (error instanceof SyntaxError) return new ApiError("internal", "The answer is not JSON", { status: 502, cause: error });
      return new ApiError("unavailable", "The service cannot be reached", { cause: error });
    },
  };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, ms);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

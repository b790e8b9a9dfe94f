/** What another process revokes in the database ends here within five seconds: by the clock that the service is given, at the worst moment. */
import { pagesPdf } from "@lectern/pdf/testing";
import { expect, onTestFinished, test } from "vitest";
import { apiKeys } from "../api-keys/api-keys.ts";
import { SWEEP_MS } from "../http/socket.ts";
import { type Clock, systemRandom } from "../ports.ts";
import { handClock } from "../testing/hand-clock.ts";
import { testServer } from "../testing/test-server.ts";
import { isBye, testSocket } from "../testing/test-socket.ts";
import { revokeSession } from "./sessions.ts";

const PROMISED_MS = 5000;
const STEP_MS = 100;

test("a session and a key that another process revokes are refused within five seconds, and open sockets end", async () => {
  const hand = handClock();
  let looks = 0;
  /** Looks at the sessions of open sockets are counted: the next is planned when one has been done. */
  const clock: Clock = {
    now: () => hand.now(),
    setTimeout(run, ms) {
      if (ms === SWEEP_MS) looks++;
      return hand.setTimeout(run, ms);
    },
  };
  const api = await testServer({ clock });
  onTestFinished(() => api.close());
  const { database } = api.server.documents;
  const other = { database, clock, random: systemRandom };
  const keys = apiKeys({ ...other, onError: (error) => expect.fail(String(error)) });

  /** Time stands still while the sessions are looked at. */
  const began = hand.now();
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      hand.pass(STEP_MS);
      await expect.poll(() => looks, { interval: 5, timeout: 20_000 }).toBe(1 + Math.floor((hand.now() - began) / SWEEP_MS));
    }
  }

  const { id } = await api.upload(pagesPdf(1));
  // Moments at which they are seen first: at some of them what is remembered outlives a look at all sockets by a little.
  for (const offset of [0, 700, 1400]) {
    await pass(offset);
    const [{ jwt, session_id: sessionId }, { apiKey, key }] = await Promise.all([
      api.session(id),
      keys.create("default", { name: "other", scope: "all", mode: "test" }),
    ]);
    const socket = await testSocket(api.url);
    await socket.hello(jwt);
    const opened = await api.request("/viewer/open", { credential: null, body: JSON.stringify({ token: jwt }) });
    const { images, source } = (await opened.json()) as { images: { page: string }; source: string };
    const image = images.page.replace("{blob}", source).replace("{index}", "0").replace("{width}", "320").replace(api.url, "");
    const statuses = async (): Promise<number[]> =>
      Promise.all([
        api.request(`/viewer/documents/${id}/annotations`, { credential: jwt }).then(({ status }) => status),
        api.request(image, { credential: null }).then(({ status }) => status),
        api.request("/viewer/documents", { credential: key }).then(({ status }) => status),
      ]);
    expect(await statuses()).toEqual([200, 200, 200]);
    await revokeSession(other, { applicationId: "default", id: sessionId });
    await keys.revoke("default", apiKey.id);
    await pass(PROMISED_MS);
    // No more time passes: what has not ended by now does not.
    expect(await socket.until("bye", isBye)).toMatchObject({ code: "session_revoked" });
    expect(await statuses()).toEqual([401, 401, 401]);
  }
}, 120_000);

/** What every adapter of `Bus` must do. `join` gives a new node of the same hub each time. */
import { describe, expect, it, vi } from "vitest";
import type { Bus } from "../ports.ts";

export function busSuite(join: () => Promise<Bus>): void {
  async function nodes(count: number): Promise<Bus[]> {
    return Promise.all(Array.from({ length: count }, join));
  }

  describe("bus", () => {
    it("brings a message to every other node that listens to the topic, not to its publisher", async () => {
      const all = await nodes(3);
      const heard: string[] = [];
      for (const [index, node] of all.entries()) {
        node.subscribe("layer:1", (message) => heard.push(`${index} ${message}`));
        node.subscribe("layer:2", (message) => heard.push(`${index} other ${message}`));
      }
      all[0]!.publish("layer:1", "hint");
      await vi.waitFor(() => expect(heard.sort()).toEqual(["1 hint", "2 hint"]));
      await Promise.all(all.map((node) => node.close()));
    });

    it("keeps the order of one publisher's messages", async () => {
      const [one, two] = (await nodes(2)) as [Bus, Bus];
      const heard: string[] = [];
      two.subscribe("t", (message) => heard.push(message));
      const sent = Array.from({ length: 50 }, (_, i) => `message ${i} \u{1F600}`);
      for (const message of sent) one.publish("t", message);
      await vi.waitFor(() => expect(heard).toEqual(sent));
      await Promise.all([one.close(), two.close()]);
    });

    it("stops one subscription without the others, and all when closed", async () => {
      const [one, two] = (await nodes(2)) as [Bus, Bus];
      const heard: string[] = [];
      const listener = (message: string): void => void heard.push(message);
      const stop = two.subscribe("t", listener);
      two.subscribe("t", listener);
      stop();
      stop();
      one.publish("t", "a");
      await vi.waitFor(() => expect(heard).toEqual(["a"]));
      await two.close();
      one.publish("t", "b");
      const [three, four] = (await nodes(2)) as [Bus, Bus];
      const last: string[] = [];
      three.subscribe("t", (message) => last.push(message));
      four.publish("t", "c");
      await vi.waitFor(() => expect(last).toEqual(["c"]));
      expect(heard).toEqual(["a"]);
      await Promise.all([one, three, four].map((node) => node.close()));
    });
  });
}

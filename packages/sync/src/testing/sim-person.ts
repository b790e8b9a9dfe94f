/** Somebody with a browser in a simulation: tabs come and go, the queue stays. */
import type { RecordData, Snapshot } from "@lectern/protocol";
import { ApiError, type Grants } from "@lectern/protocol/plain";
import { SyncClient } from "../client.ts";
import { comment, grantsOf, marker, rectangle } from "./fixtures.ts";
import { Violation } from "./oracles.ts";
import type { Random } from "./random.ts";
import { QueueFailed, StoredQueue } from "./sim-storage.ts";
import type { Line, World } from "./simulate.ts";
import { watchUndo } from "./undo-oracle.ts";

const RIGHTS: readonly ((user: string) => Grants)[] = [
  (user) => grantsOf(user),
  (user) => grantsOf(user),
  (user) => grantsOf(user, null, "team"),
  (user) =>
    grantsOf(
      user,
      [
        "annotations:view:group=team",
        "annotations:edit:group=team",
        "annotations:delete:group=team",
        "annotations:set-group:group=team",
        "annotations:set-group:group=other",
        "comments:view:group=team",
        "comments:reply:all",
        "comments:edit:self",
        "comments:delete:self",
      ],
      "team",
    ),
  (user) =>
    grantsOf(
      user,
      [
        "annotations:view:self",
        "annotations:view:group=other",
        "annotations:edit:self",
        "annotations:delete:self",
        "comments:view:all",
        "comments:edit:all",
        "comments:delete:all",
      ],
      null,
    ),
  (user) => ({ ...grantsOf(user, ["annotations:view:all", "comments:view:self"]), permissions: ["read"] }),
];

export class Person {
  readonly user: string;
  readonly queue: StoredQueue;
  readonly told = { refused: new Set<unknown>(), unknown: new Set<unknown>() };
  readonly #world: World;
  readonly #random: Random;
  readonly #ids: string[] = [];
  grants: Grants;
  client: SyncClient | null = null;
  /** All that there were. */
  readonly lines: Line[] = [];
  /** The server forgot a queue of this person. */
  #unsure = false;
  #tab = 0;
  #started = false;

  constructor(world: World, user: string) {
    this.#world = world;
    this.#random = world.random.fork();
    this.user = user;
    this.queue = new StoredQueue({
      clock: world.clock,
      random: this.#random.fork(),
      fails: () => this.#failsToStore(),
      early: world.fault === "queued before written",
    });
    this.grants = this.#random.pick(RIGHTS)!(user);
    world.every(250, () => this.#act());
  }

  /** The last one; its end may have been reached. */
  get line(): Line | null {
    return this.lines.at(-1) ?? null;
  }

  /** A new tab on the same queue; the old one dies where it stands. */
  openTab(): void {
    const world = this.#world;
    this.client?.close();
    this.line?.pair.cut(this.#random.int(3));
    const tab = ++this.#tab;
    const isAlive = () => this.#tab === tab;
    this.#started = false;
    const client = new SyncClient({
      connect: (events) => world.connect(this, events).client,
      queue: this.queue.open(isAlive),
      clock: world.clock,
      randomBytes: (count) => this.#random.bytes(count),
      getToken: (why) => this.#token(why),
      page: (id) => world.base.page(id),
      fetchSnapshot: (url) => this.#fetchSnapshot(url),
      // The tab must stay open until all is sent, under another name; nothing else is the matter.
      onError: (error) => error instanceof QueueFailed || world.fail(error),
    });
    client.on("reject", ({ code, ops }) => {
      this.told[code === "unknown_peer" ? "unknown" : "refused"].add(ops);
      world.refused++;
      if (code === "internal" || (code === "unknown_peer" && !this.#unsure)) world.fail(new Violation(`refused as ${code}`));
    });
    client.on("closed", ({ code }) => {
      if (code !== "session_revoked") world.fail(new Violation(`closed for ${code}`));
      // Signs in again; the queue is the same.
      else world.clock.setTimeout(() => isAlive() && this.openTab(), this.#random.int(500));
    });
    this.client = client;
    void client.start().then(() => {
      if (isAlive()) this.#started = true;
    });
  }

  changeRights(): void {
    this.grants = this.#random.pick(RIGHTS)!(this.user);
    if (this.#random.chance(0.5)) this.client?.renew("token");
    else this.line?.pair.cut(this.#random.int(4));
  }

  endSession(): void {
    this.line?.end(this.#random.chance(0.5) ? "session_revoked" : "token_expired");
  }

  /** Not the first of a queue: nobody could tell that from a queue that the server has forgotten. */
  dropPush(): void {
    this.line?.pair.dropUp((frame) => /^\{"type":"push","n":([2-9]|\d\d)/.test(frame));
  }

  /**
   * Nobody has heard of this person for very long. A first push that may be on its way, or may wait in a node that stands still, could not be
   * told from one that was applied.
   */
  beForgotten(): void {
    const { clock } = this.#world;
    const isFirst = (frame: string): boolean => frame.startsWith('{"type":"push","n":1,');
    const onItsWay = this.lines.some(({ node, pair }) => node.pausedUntil > clock.now() || pair.carriesUp(isFirst));
    if (this.queue.ns.includes(1) || onItsWay) return;
    this.#unsure = true;
    this.#world.disk.log.forgetPeer(this.queue.sid);
  }

  calm(): void {
    if (this.line === null) return;
    this.line.slow = false;
    if (JSON.stringify(this.line.grants) !== JSON.stringify(this.grants)) this.line.pair.cut(0);
  }

  isQuiet(): boolean {
    const { client } = this;
    return (
      this.#started && client !== null && client.state === "online" && client.save.state === "saved" && client.seq === this.#world.disk.seq
    );
  }

  status(): object {
    const { state, save, seq } = this.client!;
    return { user: this.user, state, save, seq, head: this.#world.disk.seq };
  }

  #failsToStore(): boolean {
    return this.#world.rough && this.#random.chance(0.01);
  }

  async #token(why: string): Promise<string> {
    await new Promise<void>((resolve) => this.#world.clock.setTimeout(resolve, this.#random.int(why === "expired" ? 300 : 10)));
    if (this.#world.rough && this.#random.chance(0.05)) throw new Error("the backend that mints tokens does not answer");
    return "token";
  }

  async #fetchSnapshot(url: string): Promise<Snapshot> {
    const world = this.#world;
    const [node, seq] = url.split(" ").map(Number) as [number, number];
    const { grants } = this.line!;
    await new Promise<void>((resolve) => world.clock.setTimeout(resolve, this.#random.int(100)));
    if (world.rough && this.#random.chance(0.1)) throw new ApiError("unavailable");
    const room = await world.openRoom(world.nodes[node]!);
    await room.reach(seq);
    // In either form.
    return JSON.parse(room.snapshotJson(grants, { compact: room.seq % 2 === 0 })) as Snapshot;
  }

  #act(): void {
    const { client } = this;
    if (client === null || !this.#started) return;
    this.#world.guard(() => this.#checkShown(client));
    const random = this.#random;
    const some = () => random.pick([...client.records.all()].filter((record) => record.kind === "annotation"))?.id ?? "nothing";
    const page = () => `0.${random.int(3)}`;
    const make = (data: RecordData["annotation"]) => {
      const id = client.create("annotation", data, random.chance(0.7) ? {} : { grp: random.pick([null, "team", "other"])! });
      this.#ids.push(id);
      return id;
    };
    const box = (): object => ({ bbox: [random.int(100), 1, 20, 20], ...(random.chance(0.5) ? { rotation: 90 * random.int(4) } : {}) });
    const actions: (() => void)[] = [
      () => make(rectangle(page(), random.int(100))),
      () => client.transact(() => client.create("comment", comment(make(marker(page()))))),
      () => client.create("comment", comment(some())),
      // Of so few that people often write what others have written.
      () => client.update(some(), { note: `note ${random.int(3)}` }),
      () => client.update(some(), { note: `note ${random.int(3)}` }),
      () => client.update(some(), { geometry: box() }),
      () => client.update(some(), random.pick([{ note: null, lock: true }, { page: page() }, { lock: null }, { nonsense: 1 }])!),
      () =>
        client.transact(() => {
          for (let i = random.int(9); i >= 0; i--) client.update(some(), { note: `${this.user} many ${i}` });
        }),
      () => client.delete(some()),
      () => client.restore(random.pick(this.#ids) ?? "base-1"),
      () => client.setGroup(some(), random.pick([null, "team", "other"])!),
      () => client.update(page(), { rotation: random.pick([0, 90, 180, 270])! }),
      () => (random.chance(0.3) ? client.delete(page()) : client.restore(page())),
      () => this.#undo(client, "undo"),
      () => this.#undo(client, "undo"),
      () => this.#undo(client, "redo"),
      () =>
        client.setPresence({ selection: [some(), random.pick(this.#ids) ?? "base-1"], cursor: { page: page(), x: random.int(100), y: 1 } }),
    ];
    random.pick(actions)!();
  }

  /** What this person wrote is either still to be decided or part of what is shown: it does not go and come again. */
  #checkShown({ seq }: SyncClient): void {
    const { sid, ns } = this.queue;
    // Nothing is shown yet, or another revision of the document.
    if (seq < this.#world.disk.from) return;
    const lost = this.#world.disk.changes.find((change) => change.sid === sid && change.seq > seq && !ns.includes(change.n));
    if (lost !== undefined) throw new Violation(`${this.user} does not see what is decided: ${JSON.stringify({ sid, n: lost.n, seq })}`);
  }

  #undo(client: SyncClient, direction: "undo" | "redo"): void {
    const check = watchUndo(client, { disk: this.#world.disk, user: this.user, sids: this.queue.sids });
    client[direction]();
    this.#world.guard(check);
  }
}

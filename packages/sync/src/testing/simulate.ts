/**
 * A deterministic run of real clients, rooms and sockets on one log: virtual time, seeded randomness, and everything that goes wrong in a network
 * of machines. People edit, undo, reload and lose their connection; nodes crash before and after a commit; hints are lost; rights change. Every
 * frame is checked as it is sent. Then the weather clears, and all must agree with the disk.
 */
import type { Op, RecordData } from "@lectern/protocol";
import { ApiError, type Grants, SYNC_LIMITS } from "@lectern/protocol/plain";
import { SyncClient } from "../client.ts";
import type { RoomFault } from "../decide.ts";
import { MemoryChangeLog } from "../memory-change-log.ts";
import { roomSocket } from "../room-socket.ts";
import { SyncRoom } from "../room.ts";
import type { LayerHint } from "../room-options.ts";
import { baseOf, baseRecord, comment, grantsOf, marker, rectangle } from "./fixtures.ts";
import type { Clock } from "../socket.ts";
import { checkConverged, checkFrame, checkLog, checkNothingLost, Violation } from "./oracles.ts";
import { type Random, seededRandom } from "./random.ts";
import { Disk, nodeLog, StoredQueue } from "./sim-storage.ts";
import { SocketPair } from "./socket-pair.ts";
import { drained, settled, VirtualClock } from "./virtual-clock.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** Something to get wrong on purpose. */
  readonly fault?: RoomFault;
}

export interface SimulationStats {
  /** Changes in the log. */
  readonly changes: number;
  readonly refused: number;
  readonly connections: number;
  readonly crashes: number;
  /** How often the document was overwritten. */
  readonly epochs: number;
  /** How often a node stood still. */
  readonly pauses: number;
}

const ROUGH_MS = 3_000;
const CALM_MS = 120_000;

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

/** Runs one seed; throws `Violation` when anything was wrong. */
export async function simulate(options: SimulationOptions): Promise<SimulationStats> {
  const world = new World(options);
  await world.run();
  return world.stats;
}

interface Node {
  room: SyncRoom | null;
  opening: Promise<SyncRoom> | null;
  /** Rises with each crash. */
  life: number;
  hear: ((hint: LayerHint) => void) | null;
  /** It stands still until then. */
  pausedUntil: number;
}

interface Line {
  readonly pair: SocketPair;
  readonly node: Node;
  readonly life: number;
  grants: Grants;
  slow: boolean;
  /** Ends the session, as the server does. */
  revoke: () => void;
}

class World {
  readonly clock = new VirtualClock();
  readonly base = baseOf(3, [baseRecord("base-1"), baseRecord("base-2", marker("0.1")), baseRecord("base-3", rectangle("0.2"))]);
  readonly disk = new Disk(new MemoryChangeLog());
  readonly random: Random;
  readonly nodes: Node[];
  readonly people: Person[];
  readonly calls = new Set<string>();
  readonly #fault: RoomFault | undefined;
  readonly #limits;
  #steps = 0;
  rough = true;
  connections = 0;
  crashes = 0;
  refused = 0;
  epochs = 0;
  pauses = 0;
  violation: unknown = null;

  constructor({ seed, fault }: SimulationOptions) {
    this.random = seededRandom(seed);
    this.#fault = fault;
    this.#limits = {
      ...SYNC_LIMITS,
      opsPerPush: 6,
      unackedOps: 12,
      opsPerSecond: this.random.chance(0.3) ? 8 : 0,
      opsBurst: 12,
      recordsPerLayer: this.random.chance(0.3) ? 25 : 1_000,
    };
    this.nodes = Array.from({ length: this.random.chance(0.6) ? 2 : 1 }, () => ({
      room: null,
      opening: null,
      life: 0,
      hear: null,
      pausedUntil: 0,
    }));
    this.people = Array.from({ length: 2 + this.random.int(3) }, (_, i) => new Person(this, `user-${i}`));
  }

  get stats(): SimulationStats {
    const { refused, connections, crashes, epochs, pauses } = this;
    return { changes: this.disk.changes.length, refused, connections, crashes, epochs, pauses };
  }

  async run(): Promise<void> {
    for (const person of this.people) person.openTab();
    this.#weather();
    this.#calls();
    const end = this.clock.now() + ROUGH_MS;
    while (this.clock.now() < end && this.violation === null) await this.step();
    this.rough = false;
    for (const person of this.people) person.calm();
    const limit = this.clock.now() + CALM_MS;
    while (this.violation === null && !this.#isQuiet()) {
      if (this.clock.now() > limit)
        throw new Violation(
          `no progress: ${JSON.stringify(this.people.map((person) => person.status()))}, calls waiting: ${[...this.calls].join(" ")}`,
        );
      await this.step();
    }
    if (this.violation !== null) throw this.violation;
    await checkLog(this.disk, this.base);
    for (const person of this.people) {
      await checkConverged(person.client!, { disk: this.disk, base: this.base, name: person.user });
      checkNothingLost(person.queue, { disk: this.disk, told: person.told });
    }
    for (const person of this.people) person.client!.close();
  }

  async step(): Promise<void> {
    this.clock.step();
    await (++this.#steps % 64 === 0 ? settled() : drained());
  }

  /** Something happens now and then, at most so many milliseconds apart, while the weather is rough. */
  every(ms: number, happen: () => void): void {
    this.clock.setTimeout(() => {
      if (!this.rough) return;
      happen();
      this.every(ms, happen);
    }, this.random.int(ms));
  }

  connect(person: Person, events: ConstructorParameters<typeof SocketPair>[0]): SocketPair {
    const node = this.random.pick(this.nodes)!;
    const { life } = node;
    this.connections++;
    const line = { node, life, grants: person.grants, slow: false, revoke: () => undefined } as { -readonly [K in keyof Line]: Line[K] };
    const pair = new SocketPair(events, (connection) => {
      let sid = "";
      const socket = roomSocket({
        connection: {
          ...connection,
          send: (frame) => {
            if (node.life !== life) return;
            this.#guard(() => checkFrame(frame, { disk: this.disk, base: this.base, grants: line.grants, sid }));
            connection.send(frame);
          },
          // Small records, so a slow line is one with a small buffer.
          bufferedBytes: () => connection.bufferedBytes() * (line.slow ? 2_000 : 1),
        },
        clock: this.#clockOf(node),
        admit: async (hello) => {
          sid = hello.sid;
          line.grants = person.grants;
          const room = await this.openRoom(node);
          return {
            room,
            grants: line.grants,
            name: person.user,
            ...(this.random.chance(0.5) ? { snapshotUrl: (seq: number) => `${this.nodes.indexOf(node)} ${seq}` } : {}),
          };
        },
        renew: () => Promise.resolve(person.grants),
        onError: (error) => this.fail(error),
      });
      line.revoke = () => node.life === life && socket.bye("session_revoked");
      return socket;
    });
    line.pair = pair;
    person.line = line;
    const deliver = (direction: "up" | "down") => {
      if (direction === "down" && line.slow) {
        this.clock.setTimeout(() => deliver(direction), 50);
      } else if (direction === "down") pair.deliverDown();
      else if (node.pausedUntil > this.clock.now()) this.clock.setTimeout(() => deliver(direction), node.pausedUntil - this.clock.now());
      else if (node.life === life) pair.deliverUp();
    };
    pair.onWaiting = (direction) =>
      void this.clock.setTimeout(() => deliver(direction), 1 + this.random.int(this.random.chance(0.1) ? 200 : 20));
    pair.onWaiting("down");
    return pair;
  }

  openRoom(node: Node): Promise<SyncRoom> {
    if (node.room !== null) return Promise.resolve(node.room);
    if (node.opening !== null) return node.opening;
    const { life } = node;
    const isAlive = () => node.life === life;
    const clock = this.#clockOf(node);
    const room = new SyncRoom({
      layerId: "layer",
      base: this.base,
      clock,
      limits: this.#limits,
      pollMs: 1_000,
      inlineChars: 1_500,
      log: nodeLog({
        disk: this.disk,
        clock,
        random: this.random,
        isAlive,
        crash: () => this.crash(node),
        isRough: () => this.rough,
      }),
      hints: {
        publish: (hint) => isAlive() && this.#spread(hint, node),
        subscribe: (_, listener) => {
          node.hear = listener;
          return () => undefined;
        },
      },
      onClosed: () => {
        if (node.room === room) node.room = null;
      },
      onError: (error) => this.fail(error),
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    });
    node.opening = room.load().then(() => {
      node.room = room;
      node.opening = null;
      return room;
    });
    return node.opening;
  }

  crash(node: Node): void {
    this.crashes++;
    node.life++;
    node.room = null;
    node.opening = null;
    node.hear = null;
    for (const person of this.people) if (person.line?.node === node) person.line.pair.crash();
  }

  fail(error: unknown): void {
    this.violation ??= error;
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Hints are lost, late and repeated. */
  #spread(hint: LayerHint, from: Node): void {
    for (const node of this.nodes) {
      for (let times = this.random.int(3); node !== from && times > 0; times--)
        this.#clockOf(node).setTimeout(() => node.hear?.(hint), this.random.int(300));
    }
  }

  /** Nothing happens on a node that stands still: what is due comes when it goes on, all at once. */
  #clockOf(node: Node): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      setTimeout(run, ms) {
        let cancel = clock.setTimeout(function due() {
          const left = node.pausedUntil - clock.now();
          if (left > 0) cancel = clock.setTimeout(due, left);
          else run();
        }, ms);
        return () => cancel();
      },
    };
  }

  /** The document is overwritten: rooms are told, or find out when they look. */
  #overwrite(): void {
    this.epochs++;
    this.disk.replace();
    for (const node of this.nodes) {
      const { room } = node;
      if (room === null || this.random.chance(0.4)) continue;
      node.room = null;
      void room.startAnew();
    }
  }

  #weather(): void {
    this.every(1_500, () => this.random.pick(this.people)!.line?.pair.cut(this.random.int(4)));
    this.every(4_000, () => this.crash(this.random.pick(this.nodes)!));
    this.every(2_500, () => this.random.pick(this.people)!.openTab());
    this.every(3_000, () => this.random.pick(this.people)!.changeRights());
    this.every(5_000, () => this.random.pick(this.people)!.loseSession());
    if (this.random.chance(0.3)) this.every(4_000, () => this.#overwrite());
    this.every(4_000, () => {
      this.pauses++;
      this.random.pick(this.nodes)!.pausedUntil = this.clock.now() + this.random.int(this.random.chance(0.3) ? 5_000 : 800);
    });
    this.every(800, () => this.random.pick(this.people)!.dropPush());
    this.every(2_000, () => {
      const { line } = this.random.pick(this.people)!;
      if (line === null) return;
      line.slow = true;
      this.clock.setTimeout(() => (line.slow = false), this.random.int(1_500));
    });
  }

  /** Calls over HTTP, tried again under their key until there is an answer. */
  #calls(): void {
    this.every(400, () => {
      const sid = this.random.id("rest");
      const id = this.random.id("r");
      const ops: Op[] = this.random.chance(0.7) ? [["c", id, "annotation", rectangle(), null]] : [["d", "base-1"]];
      this.calls.add(sid);
      this.#call(sid, ops);
    });
  }

  #call(sid: string, ops: readonly Op[]): void {
    const node = this.random.pick(this.nodes)!;
    const { life } = node;
    // The process that was asked may be gone before it answers; the caller sees a broken connection.
    const again = () => this.clock.setTimeout(() => this.#call(sid, ops), 100);
    let waiting = true;
    const watch = () => {
      if (!waiting) return;
      if (node.life === life) this.clock.setTimeout(watch, 100);
      else {
        waiting = false;
        again();
      }
    };
    watch();
    this.openRoom(node)
      .then((room) => room.commit(ops, { grants: grantsOf(null), userId: "robot", sid }))
      .then(
        () => {
          if (this.disk.pushes.get(`${sid} 1`) !== 1) this.fail(new Violation(`a call was answered, but is not in the log: ${sid}`));
          if (waiting) this.calls.delete(sid);
          waiting = false;
        },
        (error: unknown) => {
          if (!waiting) return;
          waiting = false;
          if (!(error instanceof ApiError)) this.fail(error);
          else if (error.code === "unavailable") again();
          else {
            if (this.disk.pushes.has(`${sid} 1`)) this.fail(new Violation(`a call was refused (${error.code}), but is in the log: ${sid}`));
            this.calls.delete(sid);
          }
        },
      );
  }

  #isQuiet(): boolean {
    return this.calls.size === 0 && this.people.every((person) => person.isQuiet());
  }
}

/** Somebody with a browser: tabs come and go, the queue stays. */
class Person {
  readonly user: string;
  readonly queue: StoredQueue;
  /** Ops of pushes that they were told are refused. */
  readonly told = new Set<unknown>();
  readonly #world: World;
  readonly #random: Random;
  readonly #ids: string[] = [];
  grants: Grants;
  client: SyncClient | null = null;
  line: Line | null = null;
  #tab = 0;
  #started = false;

  constructor(world: World, user: string) {
    this.#world = world;
    this.#random = world.random.fork();
    this.user = user;
    this.queue = new StoredQueue(world.clock, this.#random.fork());
    this.grants = this.#random.pick(RIGHTS)!(user);
    world.every(250, () => this.#act());
  }

  /** A new tab on the same queue; the old one dies where it stands. */
  openTab(): void {
    const { clock } = this.#world;
    this.client?.close();
    this.line?.pair.cut(this.#random.int(3));
    const tab = ++this.#tab;
    const isAlive = () => this.#tab === tab;
    this.#started = false;
    const client = new SyncClient({
      connect: (events) => this.#world.connect(this, events).client,
      queue: this.queue.open(isAlive),
      clock,
      randomBytes: (count) => this.#random.bytes(count),
      getToken: () => Promise.resolve("token"),
      page: (id) => this.#world.base.page(id),
      fetchSnapshot: async (url) => {
        const [node, seq] = url.split(" ").map(Number) as [number, number];
        const { grants } = this.line!;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, this.#random.int(100)));
        const room = await this.#world.openRoom(this.#world.nodes[node]!);
        await room.reach(seq);
        return JSON.parse(room.snapshotJson(grants)) as ReturnType<typeof room.snapshot>;
      },
      onError: (error) => this.#world.fail(error),
    });
    client.on("reject", ({ code, ops }) => {
      this.told.add(ops);
      this.#world.refused++;
      if (code === "unknown_peer" || code === "internal") this.#world.fail(new Violation(`refused as ${code}`));
    });
    client.on("closed", ({ code }) => {
      if (code !== "session_revoked") this.#world.fail(new Violation(`closed for ${code}`));
      // Signs in again; the queue is the same.
      else clock.setTimeout(() => isAlive() && this.openTab(), this.#random.int(500));
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

  loseSession(): void {
    this.line?.revoke();
  }

  /** Not the first of a queue: nobody could tell that from a queue that the server has forgotten. */
  dropPush(): void {
    this.line?.pair.dropUp((frame) => /^\{"type":"push","n":([2-9]|\d\d)/.test(frame));
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
    return {
      user: this.user,
      state: this.client?.state,
      save: this.client?.save,
      seq: this.client?.seq,
      head: this.#world.disk.seq,
    };
  }

  #act(): void {
    const { client } = this;
    if (client === null || !this.#started) return;
    const random = this.#random;
    const some = () => random.pick([...client.records.all()].filter((record) => record.kind === "annotation"))?.id ?? "nothing";
    const page = () => `0.${random.int(3)}`;
    const make = (data: RecordData["annotation"]) => {
      const id = client.create("annotation", data, random.chance(0.7) ? {} : { grp: random.pick([null, "team", "other"])! });
      this.#ids.push(id);
      return id;
    };
    const actions: (() => void)[] = [
      () => make(rectangle(page(), random.int(100))),
      () => client.transact(() => client.create("comment", comment(make(marker(page()))))),
      () => client.create("comment", comment(some())),
      () => client.update(some(), { note: `${this.user} ${random.int(1_000)}` }),
      () => client.update(some(), { geometry: { bbox: [random.int(100), 1, 20, 20] } }),
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
      () => client.undo(),
      () => client.undo(),
      () => client.redo(),
      () =>
        client.setPresence({ selection: [some(), random.pick(this.#ids) ?? "base-1"], cursor: { page: page(), x: random.int(100), y: 1 } }),
    ];
    random.pick(actions)!();
  }
}

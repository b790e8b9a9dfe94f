/**
 * A deterministic run of real clients, rooms and sockets on one log: virtual time, seeded randomness, and everything that goes wrong in a network
 * of machines. People edit, undo, reload and lose their connection; programs write large changes, merge, restore and erase; nodes crash before and
 * after a commit; hints are lost; rights and tokens change; queues and history are forgotten. Every frame is checked as it is sent. Then the weather
 * clears, and all must agree with the disk.
 */
import type { ErrorCode, Grants } from "@lectern/protocol/plain";
import { SYNC_LIMITS } from "@lectern/protocol/plain";
import type { RoomFault } from "../decide.ts";
import { MemoryChangeLog } from "../memory-change-log.ts";
import { roomSocket } from "../room-socket.ts";
import { SyncRoom } from "../room.ts";
import type { LayerHint } from "../room-options.ts";
import type { Clock, ClientSocketEvents } from "../socket.ts";
import { baseOf, baseRecord, marker, rectangle } from "./fixtures.ts";
import { checkConverged, checkFrame, checkLog, checkNothingLost, checkPresent, Violation } from "./oracles.ts";
import { type Random, seededRandom } from "./random.ts";
import { Calls } from "./sim-calls.ts";
import { Person } from "./sim-person.ts";
import { Disk, nodeLog } from "./sim-storage.ts";
import { SocketPair } from "./socket-pair.ts";
import { drained, settled, VirtualClock } from "./virtual-clock.ts";

/** Something to get wrong on purpose: in the room, or in what the world promises to those in it. */
export type SimulationFault = RoomFault | "queued before written" | "no poll";

export interface SimulationOptions {
  readonly seed: number;
  readonly fault?: SimulationFault;
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
  readonly erasures: number;
}

const ROUGH_MS = 3_000;
const CALM_MS = 120_000;
/** After which nobody is shown any more who is not there. */
const PRESENCE_MS = 14_000;

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
  hearOfPeople: ((message: string) => void) | null;
  /** It stands still until then. */
  pausedUntil: number;
}

export interface Line {
  readonly pair: SocketPair;
  readonly node: Node;
  readonly life: number;
  grants: Grants;
  slow: boolean;
  /** Ends the connection, as the server does. */
  end: (code: ErrorCode) => void;
}

export class World {
  readonly clock = new VirtualClock();
  readonly base = baseOf(3, [baseRecord("base-1"), baseRecord("base-2", marker("0.1")), baseRecord("base-3", rectangle("0.2"))]);
  readonly disk = new Disk(new MemoryChangeLog());
  readonly random: Random;
  readonly nodes: readonly Node[];
  readonly people: readonly Person[];
  readonly fault: SimulationFault | undefined;
  readonly #calls: Calls;
  readonly #limits;
  rough = true;
  refused = 0;
  #steps = 0;
  #connections = 0;
  #crashes = 0;
  #epochs = 0;
  #pauses = 0;
  #violation: unknown = null;

  constructor({ seed, fault }: SimulationOptions) {
    this.random = seededRandom(seed);
    this.fault = fault;
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
      hearOfPeople: null,
      pausedUntil: 0,
    }));
    // The fourth is the first once more, in another window.
    this.people = Array.from({ length: 2 + this.random.int(3) }, (_, i) => new Person(this, `user-${i % 3}`));
    this.#calls = new Calls(this);
  }

  get stats(): SimulationStats {
    const { written, erasures } = this.disk;
    return {
      changes: written.size,
      refused: this.refused,
      connections: this.#connections,
      crashes: this.#crashes,
      epochs: this.#epochs,
      pauses: this.#pauses,
      erasures: erasures.size,
    };
  }

  async run(): Promise<void> {
    for (const person of this.people) person.openTab();
    this.#weather();
    const end = this.clock.now() + ROUGH_MS;
    while (this.clock.now() < end && this.#violation === null) await this.#step();
    this.rough = false;
    for (const person of this.people) person.calm();
    const limit = this.clock.now() + CALM_MS;
    while (this.#violation === null && !this.#isQuiet()) {
      if (this.clock.now() > limit)
        throw new Violation(
          `no progress: ${JSON.stringify(this.people.map((person) => person.status()))}, calls waiting: ${[...this.#calls.waiting].join(" ")}`,
        );
      await this.#step();
    }
    if (this.#violation !== null) throw this.#violation;
    await checkLog(this.disk, this.base, this.random);
    for (const person of this.people) {
      const { client, queue, told, user } = person;
      await checkConverged(client!, { disk: this.disk, base: this.base, name: user });
      checkNothingLost(queue, { disk: this.disk, told, user });
    }
    if (this.random.chance(0.1)) await this.#checkPresence();
    for (const { client } of this.people) client!.close();
  }

  /** Something happens now and then, at most so many milliseconds apart, while the weather is rough. */
  every(ms: number, happen: () => void): void {
    this.clock.setTimeout(() => {
      if (!this.rough) return;
      happen();
      this.every(ms, happen);
    }, this.random.int(ms));
  }

  connect(person: Person, events: ClientSocketEvents): SocketPair {
    const node = this.random.pick(this.nodes)!;
    const { life } = node;
    this.#connections++;
    const line: Partial<Line> & Omit<Line, "pair"> = { node, life, grants: person.grants, slow: false, end: () => undefined };
    const pair = new SocketPair(events, (connection) => {
      let sid = "";
      const socket = roomSocket({
        connection: {
          ...connection,
          send: (frame) => {
            if (node.life !== life) return;
            this.guard(() => checkFrame(frame, { disk: this.disk, base: this.base, grants: line.grants, sid }));
            connection.send(frame);
          },
          // Small records, so a slow line is one with a small buffer.
          bufferedBytes: () => connection.bufferedBytes() * (line.slow ? 2_000 : 1),
        },
        clock: this.#clockOf(node),
        admit: async (hello) => {
          sid = hello.sid;
          // A tab that its device refused goes on under one of its own.
          person.queue.sids.add(sid);
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
      line.end = (code) => node.life === life && socket.bye(code);
      return socket;
    });
    person.lines.push(Object.assign(line, { pair }));
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
    const { fault } = this;
    const isAlive = () => node.life === life;
    const clock = this.#clockOf(node);
    const room = new SyncRoom({
      layerId: "layer",
      base: this.base,
      clock,
      limits: this.#limits,
      pollMs: fault === "no poll" ? 0 : 1_000,
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
        publish: (hint) => isAlive() && this.#spread(node, fault === "no poll" ? 0 : this.random.int(3), (other) => other.hear?.(hint)),
        subscribe: (_, listener) => {
          node.hear = listener;
          return () => undefined;
        },
      },
      presence: {
        node: `node-${this.nodes.indexOf(node)}-${life}`,
        publish: (_, message) =>
          isAlive() && this.#spread(node, this.rough ? this.random.int(3) : 1, (other) => other.hearOfPeople?.(message)),
        subscribe: (_, listener) => {
          node.hearOfPeople = listener;
          return () => void (node.hearOfPeople === listener && (node.hearOfPeople = null));
        },
      },
      onClosed: () => {
        if (node.room === room) node.room = null;
      },
      onError: (error) => this.fail(error),
      ...(fault === undefined || fault === "queued before written" || fault === "no poll" ? {} : { fault }),
    });
    node.opening = room.load().then(() => {
      node.room = room;
      node.opening = null;
      return room;
    });
    return node.opening;
  }

  crash(node: Node): void {
    this.#crashes++;
    node.life++;
    node.room = null;
    node.opening = null;
    node.hear = null;
    node.hearOfPeople = null;
    for (const person of this.people) if (person.line?.node === node) person.line.pair.crash();
  }

  fail(error: unknown): void {
    this.#violation ??= error;
  }

  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fail(error);
    }
  }

  async #step(): Promise<void> {
    this.clock.step();
    await (++this.#steps % 64 === 0 ? settled() : drained());
  }

  /** What nodes tell each other comes late, and so many times. */
  #spread(from: Node, times: number, tell: (other: Node) => void): void {
    for (const node of this.nodes) {
      for (let left = node === from ? 0 : times; left > 0; left--) this.#clockOf(node).setTimeout(() => tell(node), this.random.int(300));
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

  #weather(): void {
    const somebody = (): Person => this.random.pick(this.people)!;
    this.every(1_500, () => somebody().line?.pair.cut(this.random.int(4)));
    this.every(4_000, () => this.crash(this.random.pick(this.nodes)!));
    this.every(2_500, () => somebody().openTab());
    this.every(3_000, () => somebody().changeRights());
    this.every(4_000, () => somebody().endSession());
    if (this.random.chance(0.3)) this.every(4_000, () => this.#overwrite());
    this.every(4_000, () => {
      this.#pauses++;
      this.random.pick(this.nodes)!.pausedUntil = this.clock.now() + this.random.int(this.random.chance(0.3) ? 5_000 : 800);
    });
    this.every(800, () => somebody().dropPush());
    this.every(2_000, () => {
      const { line } = somebody();
      if (line === null) return;
      line.slow = true;
      this.clock.setTimeout(() => (line.slow = false), this.random.int(1_500));
    });
    this.every(8_000, () => somebody().beForgotten());
    this.every(8_000, () => this.disk.log.prune(this.disk.seq - Math.min(this.random.int(8), this.disk.changes.length)));
    this.every(3_000, () => this.#borrow(somebody(), somebody()));
  }

  /** The document is overwritten: rooms are told, or find out when they look. */
  #overwrite(): void {
    this.#epochs++;
    this.disk.replace();
    for (const node of this.nodes) {
      const { room } = node;
      if (room === null || this.random.chance(0.4)) continue;
      node.room = null;
      void room.startAnew();
    }
  }

  /** Somebody comes with the queue of another person. */
  #borrow(owner: Person, thief: Person): void {
    const { room } = this.random.pick(this.nodes)!;
    const { sid } = owner.queue;
    if (owner.user === thief.user || room === null) return;
    const connection = { send: () => undefined, bufferedBytes: () => 0, close: () => undefined };
    const come = async (): Promise<void> => {
      const row = await this.disk.log.peer(sid);
      // Of a queue that never pushed nobody knows whose it is.
      if (row === null) return;
      const member = await room.join({ connection, grants: thief.grants, name: thief.user, sid, since: -1 });
      member?.receive({ type: "push", n: row.lastN + 1, ops: [["c", this.random.id("r"), "annotation", rectangle(), null]] });
    };
    come().catch(() => undefined);
  }

  #isQuiet(): boolean {
    return this.#calls.waiting.size === 0 && this.people.every((person) => person.isQuiet());
  }

  async #checkPresence(): Promise<void> {
    const until = this.clock.now() + PRESENCE_MS;
    while (this.clock.now() < until && this.#violation === null) await this.#step();
    if (this.#violation !== null) throw this.#violation;
    checkPresent(this.people.map(({ client }) => client!));
  }
}

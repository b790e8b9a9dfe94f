/** What Prometheus reads at /metrics: of this process, but for the queues, which are the database's. Labels are patterns and kinds, never ids. */
import { ApiError } from "@lectern/protocol/plain";
import { timingSafeEqual } from "node:crypto";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Context } from "./handlers.ts";
import { bearer } from "./http/auth.ts";
import { waitingJobs } from "./jobs/store.ts";
import type { Clock, Database, RendererStats } from "./ports.ts";
import { outboxLag } from "./webhooks/store.ts";

export interface Metrics {
  /** A request was answered. `route`: its pattern. */
  request(answered: { readonly method: string; readonly route: string; readonly status: number; readonly ms: number }): void;
  /** So many changes of a layer were accepted here. */
  changed(count: number): void;
  /** The text. Throws ApiError `unauthorized`, `forbidden`. */
  read(context: Pick<Context, "header" | "address">): Promise<string>;
}

export interface MetricsOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** null: only this machine may read them. */
  readonly token: string | null;
  readonly rooms: () => number;
  readonly sockets: () => number;
  readonly renderer: () => RendererStats;
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

export function metrics({ database, clock, token, rooms, sockets, renderer }: MetricsOptions): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: "lectern_http_request_duration_seconds",
    help: "Requests by route and status",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers,
  });
  /** By route, then method and status: to find one by its labels costs more than to count. */
  const series = new Map<string, Map<string, { observe(value: number): void }>>();
  const changes = new Counter({ name: "lectern_changes_total", help: "Changes of layers that this process accepted", registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `lectern_${name}`, help, registers });
  const openRooms = gauge("rooms", "Layers that are open in this process");
  const openSockets = gauge("sockets", "Connections of viewers to this process");
  const jobs = new Gauge({ name: "lectern_jobs", help: "Jobs in the queue that are due or under way", labelNames: ["kind"], registers });
  const processes = new Gauge({ name: "lectern_pdf_processes", help: "PDF workers by state", labelNames: ["state"], registers });
  const queuedPages = gauge("pdf_queued", "Jobs that wait for a PDF worker");
  const total = (name: string, help: string, labelNames: string[], collect: (set: Counter) => void): void =>
    void new Counter({
      name: `lectern_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });
  total("pdf_process_starts_total", "PDF workers that were started", [], (set) => set.inc(renderer().starts));
  total("pdf_process_deaths_total", "PDF workers that ended although they should not have", ["reason"], (set) => {
    for (const [reason, count] of Object.entries(renderer().deaths)) set.inc({ reason }, count);
  });
  const events = gauge("outbox_events", "Events that have not become deliveries yet");
  const pending = gauge("webhook_deliveries_pending", "Deliveries under way or to be tried again");
  const lag = gauge("outbox_lag_seconds", "How long the oldest event or due delivery has waited");

  async function look(): Promise<void> {
    const now = clock.now();
    const [outbox, waiting] = await Promise.all([outboxLag(database, now), waitingJobs(database, now)]);
    openRooms.set(rooms());
    openSockets.set(sockets());
    const pdf = renderer();
    queuedPages.set(pdf.queued);
    for (const [state, count] of Object.entries(pdf.processes)) processes.set({ state }, count);
    jobs.reset();
    for (const { kind, count } of waiting) jobs.set({ kind }, count);
    events.set(outbox.waiting);
    pending.set(outbox.pending);
    lag.set(outbox.oldest === null ? 0 : Math.max(0, (now - outbox.oldest) / 1000));
  }

  function require({ header, address }: Pick<Context, "header" | "address">): void {
    if (token === null) {
      if (!LOOPBACK.test(address))
        throw new ApiError("forbidden", "Only this machine may read the metrics, unless LECTERN_METRICS_TOKEN is set");
      return;
    }
    const given = Buffer.from(bearer(header("authorization")) ?? "");
    const expected = Buffer.from(token);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new ApiError("unauthorized", "Send the metrics' token: Authorization: Bearer …");
  }

  return {
    request({ method, route, status, ms }) {
      const ofRoute = series.get(route) ?? new Map<string, { observe(value: number): void }>();
      series.set(route, ofRoute);
      const name = `${method} ${status}`;
      const known = ofRoute.get(name) ?? requests.labels({ method, route, status: String(status) });
      ofRoute.set(name, known);
      known.observe(ms / 1000);
    },
    changed: (count) => changes.inc(count),
    async read(context) {
      require(context);
      await look();
      return register.metrics();
    },
  };
}

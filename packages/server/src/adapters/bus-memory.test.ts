import { busSuite } from "../testing/bus.suite.ts";
import { memoryBusHub } from "./bus-memory.ts";

const hub = memoryBusHub();
busSuite(() => Promise.resolve(hub.join()));

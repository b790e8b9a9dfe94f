/** `@lectern/sync/testing`: what the tests of both halves, and of adapters, stand on. */
export { type ChangeLogFixture, changeLogSuite } from "./change-log.suite.ts";
export { baseOf, baseRecord, comment, derivedPageData, grantsOf, marker, rectangle } from "./fixtures.ts";
export { GRANTABLE, naivelyMay, naivelySees, type NaiveRecord, type NaiveSession, SCOPES } from "./naive-permissions.ts";
export { type Random, seededRandom } from "./random.ts";
export { runSeeds, type SeedRange, type SeedsRun } from "./seeds.ts";
export { simulate, type SimulationOptions, type SimulationStats } from "./simulate.ts";
export { type RoomEnd, SocketPair } from "./socket-pair.ts";
export { type TestClient, testClient, type TestClientOptions } from "./test-client.ts";
export { HeldLog, type TestJoin, type TestPeer, type TestRoom, testRoom } from "./test-room.ts";
export { settled, VirtualClock } from "./virtual-clock.ts";

/**
 * History of the sync protocol, newest first. A change of a message's shape adds a line and a number:
 * 2  a new record is told as `c`, its head follows from its change; who presents.
 * 1  records, pushes, batches, presence.
 */
export const PROTOCOL_VERSION = 2;

/** What a client says in `hello` that it can do beyond the version: reads a snapshot with `?compact=true`. */
export const COMPACT = "compact";

/** WebSocket subprotocol that both sides name. */
export const SUBPROTOCOL = `lectern.sync.${PROTOCOL_VERSION}`;

/** What the viewer tells the page around it. Every event says where it came from and, when that is known, who did it. */
import type { AnyRecord, Peer, RecordOf } from "@lectern/protocol";
import type { ConnectionState, SaveState } from "@lectern/sync/client";

export interface Origin {
  /** `local`: this viewer, by its user or by a call. */
  readonly origin: "local" | "remote";
  /** User id. */
  readonly by: string | null;
}

export interface FormFieldValue {
  readonly name: string;
  readonly value: RecordOf<"value">["data"]["value"];
}

export type AnnotationRecord = RecordOf<"annotation">;
export type CommentRecord = RecordOf<"comment">;

export interface ViewerEvents {
  /** Any record has changed. */
  "document.change": { readonly ids: readonly string[] };
  "document.saveStateChange": SaveState;
  "viewState.currentPageIndex.change": { readonly currentPageIndex: number };
  /** The factor in use, also when a mode chose it. */
  "viewState.zoom.change": { readonly zoom: number };
  "annotations.create": { readonly annotations: readonly AnnotationRecord[] };
  "annotations.update": { readonly annotations: readonly AnnotationRecord[] };
  "annotations.delete": { readonly ids: readonly string[] };
  /** By the names of the fields: what was filled, or calculated. */
  "formFieldValues.update": { readonly formFieldValues: readonly FormFieldValue[] };
  "comments.create": { readonly comments: readonly CommentRecord[] };
  "comments.update": { readonly comments: readonly CommentRecord[] };
  "comments.delete": { readonly ids: readonly string[] };
  /** A comment names users whom it did not name before. */
  "comments.mention": { readonly comment: CommentRecord; readonly users: readonly string[] };
  /** The pages are shown as they were at this seq; null: as they are. */
  "history.moment.change": { readonly seq: number | null };
  "annotationSelection.change": { readonly ids: readonly string[] };
  "session.expired": object;
  "connection.change": { readonly state: ConnectionState };
  /** Somebody presents to all, or nobody does; oneself included. */
  "presenter.change": { readonly presenter: Peer | null };
  /** Whose window this one follows; null: nobody's. */
  "following.change": { readonly client: Peer | null };
  "instant.connectedClients.change": { readonly clients: readonly Peer[] };
}

export type ViewerEvent = keyof ViewerEvents;
export type ViewerListener<E extends ViewerEvent> = (event: ViewerEvents[E] & Origin) => void;

export interface Events {
  add<E extends ViewerEvent>(type: E, listener: ViewerListener<E>): void;
  remove<E extends ViewerEvent>(type: E, listener: ViewerListener<E>): void;
  emit<E extends ViewerEvent>(type: E, event: ViewerEvents[E], origin?: Origin): void;
}

const LOCAL: Origin = { origin: "local", by: null };

/** A listener that throws stops no other; its error is reported like that of any event handler. */
export function createEvents(report: (error: unknown) => void): Events {
  const listeners = new Map<string, Set<(event: never) => void>>();
  return {
    add(type, listener) {
      const set = listeners.get(type) ?? new Set();
      listeners.set(type, set.add(listener as (event: never) => void));
    },
    remove(type, listener) {
      listeners.get(type)?.delete(listener as (event: never) => void);
    },
    emit(type, event, origin = LOCAL) {
      for (const listener of listeners.get(type) ?? []) {
        try {
          listener({ ...event, ...origin } as never);
        } catch (error) {
          report(error);
        }
      }
    },
  };
}

export function isAnnotation(record: AnyRecord | undefined): record is AnnotationRecord {
  return record?.kind === "annotation";
}

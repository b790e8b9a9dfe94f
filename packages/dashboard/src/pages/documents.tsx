/** All documents of the application; files are dropped anywhere on the page. */
import type { DocumentSummary } from "@lectern/protocol";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, FileText, Lock, Search, Trash2, TriangleAlert, Upload } from "lucide-react";
import { type DragEvent, useMemo, useRef, useState } from "react";
import { queries } from "../api.ts";
import { Button, bytes, Card, Problem, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PageHead } from "../parts/shell.tsx";
import { Uploads } from "../parts/uploads.tsx";
import { useChosen } from "../session.tsx";
import { uploadQueue } from "../upload-queue.ts";

/** What the service turns into pages. */
const ACCEPTED =
  ".pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.odt,.ods,.odp,.rtf,.png,.jpg,.jpeg,.tif,.tiff,.gif,.webp,.bmp,.svg,.heic,.avif,.html,.htm,.md,.txt,.eml";

export function Documents() {
  const { client, application } = useChosen();
  const [title, setTitle] = useState("");
  const [cursor, setCursor] = useState<string | undefined>();
  const [over, setOver] = useState(false);
  const [removing, setRemoving] = useState<DocumentSummary | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const uploads = useMemo(() => uploadQueue(application.id), [application.id]);
  const list = useQuery({
    queryKey: ["documents", application.id, title, cursor],
    queryFn: () =>
      client.documents.list({ page_size: 50, ...(title === "" ? {} : { title }), ...(cursor === undefined ? {} : { cursor }) }),
    placeholderData: keepPreviousData,
    // What is being prepared becomes ready by itself.
    refetchInterval: (query) => (query.state.data?.data.some((document) => document.status === "preparing") === true ? 1000 : false),
  });
  const remove = useMutation({
    mutationFn: (documentId: string) => client.documents.delete({ documentId }),
    onSuccess: async () => {
      setRemoving(null);
      await queries.invalidateQueries({ queryKey: ["documents"] });
    },
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    uploads.add([...event.dataTransfer.files]);
  };
  const documents = list.data?.data ?? [];
  return (
    <div
      className="relative min-h-full pb-16"
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <PageHead title="Documents">
        <label className="relative">
          <Search size={15} aria-hidden className="absolute top-2.5 left-3 text-stone-400" />
          <input
            type="search"
            aria-label="Find by title"
            placeholder="Find by title"
            value={title}
            onChange={(event) => {
              setTitle(event.target.value);
              setCursor(undefined);
            }}
            className="h-9 w-44 rounded-lg border border-stone-200 bg-white pr-3 pl-8.5 text-sm dark:border-stone-700 dark:bg-stone-900"
          />
        </label>
        <input
          ref={picker}
          type="file"
          accept={ACCEPTED}
          multiple
          hidden
          data-testid="file"
          onChange={(event) => (uploads.add([...(event.target.files ?? [])]), (event.target.value = ""))}
        />
        <Button look="primary" onClick={() => picker.current?.click()}>
          <Upload size={16} aria-hidden /> Upload
        </Button>
      </PageHead>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <Uploads queue={uploads} />
        <Problem error={list.error} />
        {list.isSuccess && documents.length === 0 ? (
          <button
            type="button"
            onClick={() => picker.current?.click()}
            className="grid cursor-pointer place-items-center gap-2 rounded-2xl border-2 border-dashed border-stone-300 px-6 py-20 text-center hover:border-accent dark:border-stone-700"
          >
            <FileText size={34} strokeWidth={1.4} className="text-stone-400" aria-hidden />
            <span className="font-medium">{title === "" ? "Drop a PDF here" : "No document has this in its title"}</span>
            {title === "" && (
              <span className="text-sm text-stone-500 dark:text-stone-400">or click to choose one. It stays on this server.</span>
            )}
          </button>
        ) : (
          <Card className="overflow-hidden">
            <ul className="divide-y divide-stone-100 dark:divide-stone-800">
              {documents.map((document) => (
                <Row key={document.id} document={document} onRemove={() => setRemoving(document)} />
              ))}
            </ul>
          </Card>
        )}
        <div className="flex items-center justify-between text-sm text-stone-500 dark:text-stone-400">
          <span>
            {list.data === undefined ? "" : `${list.data.document_count} ${list.data.document_count === 1 ? "document" : "documents"}`}
          </span>
          <span className="flex gap-1">
            <Button
              look="quiet"
              aria-label="Previous page"
              disabled={!list.data?.prev_cursor}
              onClick={() => setCursor(list.data?.prev_cursor ?? undefined)}
            >
              <ChevronLeft size={16} aria-hidden />
            </Button>
            <Button
              look="quiet"
              aria-label="Next page"
              disabled={!list.data?.next_cursor}
              onClick={() => setCursor(list.data?.next_cursor ?? undefined)}
            >
              <ChevronRight size={16} aria-hidden />
            </Button>
          </span>
        </div>
      </div>
      {over && (
        <div className="pointer-events-none absolute inset-3 grid place-items-center rounded-2xl border-2 border-dashed border-accent bg-indigo-50/80 text-lg font-medium text-accent dark:bg-indigo-950/80 dark:text-indigo-200">
          Drop to upload
        </div>
      )}
      <Dialog open={removing !== null} onClose={() => setRemoving(null)} title="Delete this document?">
        <p className="text-sm text-stone-600 dark:text-stone-300">
          <strong className="font-semibold">{removing?.title ?? removing?.id}</strong> is deleted with all its annotations, for everyone.
          This cannot be undone.
        </p>
        <Problem error={remove.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setRemoving(null)}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => removing !== null && remove.mutate(removing.id)}>
            Delete
          </Button>
        </div>
      </Dialog>
    </div>
  );
}

function Row({ document, onRemove }: { document: DocumentSummary; onRemove: () => void }) {
  const opens = document.status !== "failed";
  const name = document.title ?? document.id;
  return (
    <li className="group flex items-center gap-4 px-4 py-3 hover:bg-stone-50 dark:hover:bg-stone-800/50">
      <Cover document={document} />
      <div className="min-w-0 flex-1">
        {opens ? (
          <Link
            to="/documents/$documentId"
            params={{ documentId: document.id }}
            className="block truncate font-medium hover:text-accent dark:hover:text-indigo-300"
          >
            {name}
          </Link>
        ) : (
          <span className="block truncate font-medium">{name}</span>
        )}
        <p className="truncate text-xs text-stone-500 dark:text-stone-400">
          {[
            document.pageCount === null ? null : `${document.pageCount} ${document.pageCount === 1 ? "page" : "pages"}`,
            bytes(document.byteSize),
            when(document.createdAt),
          ]
            .filter(Boolean)
            .join(" · ")}
          {document.status === "failed" && ` · ${document.errors[0]?.reason ?? "could not be opened"}`}
        </p>
      </div>
      <Status document={document} />
      <Button
        look="quiet"
        className="w-9 px-0 opacity-60 group-hover:opacity-100 focus-visible:opacity-100"
        aria-label={`Delete ${name}`}
        title="Delete"
        onClick={onRemove}
      >
        <Trash2 size={16} aria-hidden />
      </Button>
    </li>
  );
}

function Cover({ document }: { document: DocumentSummary }) {
  const { application, client } = useChosen();
  const cover = useQuery({
    queryKey: ["cover", application.id, document.id],
    enabled: document.status === "ready",
    staleTime: Infinity,
    queryFn: async () => URL.createObjectURL(await (await client.documents.cover({ documentId: document.id, width: 80 })).blob()),
  });
  return cover.data === undefined ? (
    <span className="grid h-12 w-9 place-items-center rounded border border-stone-200 bg-stone-50 dark:border-stone-700 dark:bg-stone-800">
      {document.status === "failed" ? (
        <TriangleAlert size={15} className="text-amber-600" aria-hidden />
      ) : document.status === "locked" ? (
        <Lock size={15} aria-hidden />
      ) : null}
    </span>
  ) : (
    <img
      src={cover.data}
      alt=""
      className="h-12 w-9 rounded border border-stone-200 bg-white object-cover object-top dark:border-stone-700"
    />
  );
}

function Status({ document }: { document: DocumentSummary }) {
  const looks = {
    ready: null,
    preparing: ["Preparing", "bg-sky-100 text-sky-800 dark:bg-sky-950 dark:text-sky-200"],
    locked: ["Needs a password", "bg-amber-100 text-amber-900 dark:bg-amber-950 dark:text-amber-200"],
    failed: ["Failed", "bg-red-100 text-red-800 dark:bg-red-950 dark:text-red-200"],
  } as const;
  const look = looks[document.status];
  return look === null ? null : <span className={`rounded-full px-2.5 py-0.5 text-xs font-medium ${look[1]}`}>{look[0]}</span>;
}

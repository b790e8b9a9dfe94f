/** One webhook: what was delivered to it and what was not, its secret, its end. */
import type { Delivery } from "@lectern/protocol";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { queries } from "../api.ts";
import { Button, Card, Choice, Problem, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useChosen } from "../session.tsx";
import { Secret, stateOf } from "./webhooks.tsx";

const STATUSES = { all: "All", pending: "On their way", delivered: "Delivered", failed: "Failed" } as const;
/** While something is on its way its outcome is looked for so often. */
const LOOK_MS = 1500;

function outcomeOf({ status, response_status: code, error, next_attempt_at: next, finished_at: finished }: Delivery): string {
  const answer = code === null ? (error ?? "") : `answered ${code}`;
  if (status === "delivered") return `delivered ${when(finished)}`;
  if (status === "failed") return `given up: ${answer}`;
  return answer === "" ? "on its way" : `${answer}; again ${when(next)}`;
}

const COLUMNS: readonly Column<Delivery>[] = [
  { head: "Event", cell: (delivery) => delivery.topic, look: "strong" },
  { head: "Happened", cell: (delivery) => when(delivery.created_at), look: "time" },
  { head: "Attempts", cell: (delivery) => delivery.attempts },
  { head: "Outcome", cell: (delivery) => <span className="inline-block min-w-48">{outcomeOf(delivery)}</span> },
];

export function WebhookPage() {
  const { webhookId } = useParams({ from: "/webhooks/$webhookId" });
  const { client, application } = useChosen();
  const navigate = useNavigate();
  const [status, setStatus] = useState<keyof typeof STATUSES>("all");
  const [asking, setAsking] = useState<"rotate" | "delete" | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const one = useQuery({ queryKey: ["webhooks", application.id, webhookId], queryFn: () => client.webhooks.get({ webhookId }) });
  const deliveries = useInfiniteQuery({
    queryKey: ["deliveries", application.id, webhookId, status],
    queryFn: ({ pageParam }) =>
      client.webhooks.deliveries({
        webhookId,
        ...(status === "all" ? {} : { status }),
        ...(pageParam === "" ? {} : { cursor: pageParam }),
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ data }) => data.some((delivery) => delivery.status === "pending")) === true ? LOOK_MS : false,
  });
  const refresh = async () => {
    await Promise.all(["webhooks", "deliveries"].map((queryKey) => queries.invalidateQueries({ queryKey: [queryKey] })));
  };
  const test = useMutation({ mutationFn: () => client.webhooks.test({ webhookId }), onSuccess: refresh });
  const enable = useMutation({
    mutationFn: (enabled: boolean) => client.webhooks.update({ webhookId, enabled }),
    onSuccess: refresh,
  });
  const replay = useMutation({
    mutationFn: (deliveryId: string) => client.webhooks.replay({ webhookId, deliveryId }),
    onSuccess: refresh,
  });
  const rotate = useMutation({
    mutationFn: () => client.webhooks.rotateSecret({ webhookId }),
    onSuccess: async ({ secret }) => {
      setAsking(null);
      setShown(secret);
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => client.webhooks.delete({ webhookId }),
    onSuccess: async () => {
      await navigate({ to: "/webhooks" });
      await queries.invalidateQueries({ queryKey: ["webhooks", application.id], exact: true });
    },
  });
  const hook = one.data?.data;
  return (
    <div className="pb-16">
      <header className="flex items-start gap-3 px-6 pt-8 pb-5 md:px-10">
        <Link to="/webhooks" aria-label="Back to the webhooks" className="rounded-lg p-2 hover:bg-stone-100 dark:hover:bg-stone-800">
          <ArrowLeft size={17} aria-hidden />
        </Link>
        <h1 className="min-w-0 flex-1 text-xl font-semibold tracking-tight break-all">{hook?.url ?? "Webhook"}</h1>
      </header>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <Problem error={one.error ?? test.error ?? enable.error ?? replay.error ?? deliveries.error} />
        {hook !== undefined && (
          <Card className="flex flex-wrap items-center justify-between gap-4 p-5">
            <dl className="grid min-w-0 grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
              <dt className="text-stone-500 dark:text-stone-400">State</dt>
              <dd>{stateOf(hook)}</dd>
              <dt className="text-stone-500 dark:text-stone-400">Hears of</dt>
              <dd>{hook.topics.includes("*") ? "everything" : hook.topics.join(", ")}</dd>
              {hook.description !== "" && (
                <>
                  <dt className="text-stone-500 dark:text-stone-400">Description</dt>
                  <dd className="break-words">{hook.description}</dd>
                </>
              )}
            </dl>
            <div className="flex flex-wrap gap-2">
              <Button disabled={!hook.enabled || test.isPending} onClick={() => test.mutate()}>
                Send a test
              </Button>
              <Button disabled={enable.isPending} onClick={() => enable.mutate(!hook.enabled)}>
                {hook.enabled ? "Disable" : "Enable"}
              </Button>
              <Button onClick={() => setAsking("rotate")}>New secret</Button>
              <Button onClick={() => setAsking("delete")}>Delete</Button>
            </div>
          </Card>
        )}
        <div className="mt-4 flex flex-wrap items-end justify-between gap-3">
          <h2 className="text-lg font-semibold tracking-tight">Deliveries</h2>
          <Choice label="Show" value={status} options={STATUSES} onChange={setStatus} />
        </div>
        <Table
          label="Deliveries"
          rows={deliveries.data?.pages.flatMap(({ data }) => data)}
          columns={COLUMNS}
          isOver={() => false}
          empty="Nothing was sent here."
          actions={(delivery) =>
            delivery.status !== "pending" && (
              <Button
                className="h-8"
                disabled={replay.isPending || hook?.enabled === false}
                aria-label={`Send ${delivery.topic} of ${when(delivery.created_at)} again`}
                onClick={() => replay.mutate(delivery.id)}
              >
                Send again
              </Button>
            )
          }
        />
        {deliveries.hasNextPage && (
          <Button className="justify-self-center" disabled={deliveries.isFetching} onClick={() => void deliveries.fetchNextPage()}>
            Older deliveries
          </Button>
        )}
      </div>
      {shown !== null && <Secret secret={shown} title="The new secret" onClose={() => setShown(null)} />}
      <Dialog open={asking === "rotate"} onClose={() => setAsking(null)} title="Make a new secret?">
        <p className="text-sm text-stone-600 dark:text-stone-300">
          Messages are signed with both secrets for 24 hours, so that your receiver can change meanwhile.
        </p>
        <Problem error={rotate.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setAsking(null)}>Keep the old one</Button>
          <Button look="primary" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
            Make a new secret
          </Button>
        </div>
      </Dialog>
      <Dialog open={asking === "delete"} onClose={() => setAsking(null)} title="Delete this webhook?">
        <p className="text-sm text-stone-600 dark:text-stone-300">It hears of nothing more, and its deliveries are forgotten.</p>
        <Problem error={remove.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setAsking(null)}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Delete webhook
          </Button>
        </div>
      </Dialog>
    </div>
  );
}

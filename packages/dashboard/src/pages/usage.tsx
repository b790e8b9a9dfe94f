/** What the application used, day by day. */
import { useQuery } from "@tanstack/react-query";
import { bytes, Card, Problem } from "../parts/controls.tsx";
import { PageHead } from "../parts/shell.tsx";
import { useChosen } from "../session.tsx";

const DAYS = 30;

function day(offset: number): string {
  return new Date(Date.now() - offset * 86_400_000).toISOString().slice(0, 10);
}

export function Usage() {
  const { client, application } = useChosen();
  const usage = useQuery({ queryKey: ["usage", application.id], queryFn: () => client.usage.get({ from: day(DAYS - 1), to: day(0) }) });
  const totals = usage.data?.totals;
  const byDay = new Map(usage.data?.data.map((row) => [row.day, row]));
  const rows = Array.from({ length: DAYS }, (_, i) => day(DAYS - 1 - i)).map((date) => ({
    date,
    sessions: byDay.get(date)?.sessions_opened ?? 0,
    uploads: byDay.get(date)?.uploads ?? 0,
  }));
  const most = Math.max(1, ...rows.map((row) => row.sessions));
  return (
    <div className="pb-16">
      <PageHead title="Usage" />
      <div className="grid gap-4 px-6 md:px-10">
        <Problem error={usage.error} />
        <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
          <Figure label={`Sessions opened, ${DAYS} days`} value={totals?.sessions_opened.toLocaleString()} />
          <Figure label={`Uploads, ${DAYS} days`} value={totals?.uploads.toLocaleString()} />
          <Figure label="Documents stored" value={totals?.documents_stored.toLocaleString()} />
          <Figure label="Bytes stored" value={totals === undefined ? undefined : bytes(totals.bytes_stored)} />
        </div>
        <Card className="p-5">
          <h2 className="mb-4 text-sm font-medium">Sessions opened per day</h2>
          <div
            className="flex h-36 items-end gap-1"
            role="img"
            aria-label={`Sessions opened in the last ${DAYS} days: ${totals?.sessions_opened ?? 0}`}
          >
            {rows.map((row) => (
              <div
                key={row.date}
                title={`${row.date}: ${row.sessions} sessions, ${row.uploads} uploads`}
                className="flex h-full flex-1 items-end rounded bg-stone-100 dark:bg-stone-800"
              >
                <div
                  className="w-full rounded bg-accent"
                  ref={(bar) => void (bar !== null && (bar.style.height = `${(row.sessions / most) * 100}%`))}
                />
              </div>
            ))}
          </div>
          <div className="mt-2 flex justify-between text-xs text-stone-500">
            <span>{rows[0]?.date}</span>
            <span>{rows.at(-1)?.date}</span>
          </div>
        </Card>
      </div>
    </div>
  );
}

function Figure({ label, value }: { label: string; value: string | undefined }) {
  return (
    <Card className="p-5">
      <p className="text-3xl font-semibold tracking-tight tabular-nums">{value ?? "–"}</p>
      <p className="mt-1 text-sm text-stone-500 dark:text-stone-400">{label}</p>
    </Card>
  );
}

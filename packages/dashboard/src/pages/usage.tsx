/** What the application used, day by day. */
import { useQuery } from "@tanstack/react-query";
import { bytes, Card, Problem } from "../parts/controls.tsx";
import { PageHead } from "../parts/shell.tsx";
import { useChosen } from "../session.tsx";

const DAYS = 30;

function day(offset: number): string {
  return new Date(Date.now() - offset * 86_400_000).toISOString().slice(0, 10);
}

interface Day {
  readonly day: string;
  readonly sessions_opened: number;
  readonly uploads: number;
  readonly uploaded_bytes: number;
  readonly documents_stored: number;
}

interface Chart {
  readonly title: string;
  readonly of: Exclude<keyof Day, "day">;
  readonly shown: (value: number) => string;
}

const CHARTS: readonly Chart[] = [
  { title: "Sessions opened per day", of: "sessions_opened", shown: (value) => value.toLocaleString() },
  { title: "Documents uploaded per day", of: "uploads", shown: (value) => value.toLocaleString() },
  { title: "Documents stored at the end of the day", of: "documents_stored", shown: (value) => value.toLocaleString() },
  { title: "Bytes uploaded per day", of: "uploaded_bytes", shown: bytes },
];

export function Usage() {
  const { client, application } = useChosen();
  const usage = useQuery({ queryKey: ["usage", application.id], queryFn: () => client.usage.get({ from: day(DAYS - 1), to: day(0) }) });
  const totals = usage.data?.totals;
  const rows = usage.data?.data ?? [];
  return (
    <div className="pb-16">
      <PageHead title="Usage" />
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <Problem error={usage.error} />
        <div className="grid gap-4 grid-cols-2 xl:grid-cols-5">
          <Figure label={`Sessions opened, ${DAYS} days`} value={totals?.sessions_opened.toLocaleString()} />
          <Figure label={`Uploads, ${DAYS} days`} value={totals?.uploads.toLocaleString()} />
          <Figure label="Documents stored" value={totals?.documents_stored.toLocaleString()} />
          <Figure label={`Bytes uploaded, ${DAYS} days`} value={totals === undefined ? undefined : bytes(totals.uploaded_bytes)} />
          <Figure label="Bytes stored" value={totals === undefined ? undefined : bytes(totals.bytes_stored)} />
        </div>
        <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
          {CHARTS.map((chart) => (
            <Days key={chart.of} {...chart} rows={rows} />
          ))}
        </div>
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

/** A bar for each day; the numbers are there as a table, too, for who does not see the bars. */
function Days({ title, of, shown, rows }: Chart & { rows: readonly Day[] }) {
  const most = Math.max(0, ...rows.map((row) => row[of]));
  return (
    <Card className="p-5">
      <div className="mb-4 flex items-baseline justify-between gap-4">
        <h2 className="text-sm font-medium">{title}</h2>
        <span className="text-xs text-stone-500 tabular-nums dark:text-stone-400">at most {shown(most)}</span>
      </div>
      <div className="flex h-36 items-end gap-1" aria-hidden>
        {rows.map((row) => (
          <div
            key={row.day}
            title={`${row.day}: ${shown(row[of])}`}
            className="flex h-full min-w-0 flex-1 items-end rounded bg-stone-100 dark:bg-stone-800"
          >
            <div
              className="w-full rounded bg-accent dark:bg-indigo-400"
              ref={(bar) => void (bar !== null && (bar.style.height = `${(row[of] / Math.max(1, most)) * 100}%`))}
            />
          </div>
        ))}
      </div>
      <div className="mt-2 flex justify-between text-xs text-stone-500 dark:text-stone-400" aria-hidden>
        <span>{rows[0]?.day}</span>
        <span>{rows.at(-1)?.day}</span>
      </div>
      <table className="sr-only" aria-label={title}>
        <tbody>
          {rows
            .filter((row) => row[of] > 0)
            .map((row) => (
              <tr key={row.day}>
                <th scope="row">{row.day}</th>
                <td>{shown(row[of])}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </Card>
  );
}

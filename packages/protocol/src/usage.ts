/** Usage: exact counts per day and application. */
import * as z from "zod";
import { operation } from "./operation.ts";

const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "YYYY-MM-DD");

export const usage = {
  get: operation({
    method: "GET",
    path: "/usage",
    summary: "Sessions opened, uploads, bytes and documents stored per day",
    query: z.object({ from: z.exactOptional(Day), to: z.exactOptional(Day) }),
    response: z.object({
      data: z.array(
        z.object({ day: z.string(), sessions_opened: z.int(), uploads: z.int(), uploaded_bytes: z.int(), documents_stored: z.int() }),
      ),
      totals: z.object({
        sessions_opened: z.int(),
        uploads: z.int(),
        uploaded_bytes: z.int(),
        documents_stored: z.int(),
        bytes_stored: z.int(),
      }),
    }),
    errors: ["invalid_parameters"],
  }),
} as const;

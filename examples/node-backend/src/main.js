// Starts the example: `LECTERN_API_KEY=… npm start`. Nothing else has to be set up.
import { createClient } from "@lectern/client";
import { createApp } from "./app.js";
import { openDatabase } from "./database.js";

const { LECTERN_URL = "http://127.0.0.1:4600", LECTERN_API_KEY, PORT = "3000", DATABASE = "documents.sqlite" } = process.env;
if (!LECTERN_API_KEY) {
  console.error(
    "Set LECTERN_API_KEY to an API key of your Lectern service (its dashboard makes one; it also prints one at its first start).",
  );
  process.exit(1);
}

const lectern = createClient({ baseUrl: LECTERN_URL, apiKey: LECTERN_API_KEY });
const database = openDatabase(DATABASE);
const app = createApp({ lectern, lecternUrl: LECTERN_URL, database });
process.on("exit", () => database.close());
const server = app.listen(Number(PORT), "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`Example on http://127.0.0.1:${server.address().port}`);
});
process.on("exit", () => database.close());

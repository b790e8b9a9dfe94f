/** Child process of the lock's test: takes a data directory, says so, and keeps it until it is killed. */
import { openDataDirectory } from "../data-directory.ts";

const directory = await openDataDirectory(process.argv[2]!);
process.stdout.write(`${directory.path}\n`);
setInterval(() => directory.path, 60_000);

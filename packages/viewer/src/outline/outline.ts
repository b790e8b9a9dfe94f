/** The outline that people see: the layer's record when somebody has changed it, else that of the file. */
import type { RecordOf } from "@lectern/protocol";
import type { SyncClient } from "@lectern/sync/client";
import type { OutlineTree } from "./outline-tree.ts";

/** There is one for each layer. */
const ID = "outline";

export interface Outline {
  /** Told what it is, and whenever that changes. */
  watch(changed: (tree: OutlineTree) => void): () => void;
  /** One step of undo. */
  write(tree: OutlineTree): void;
}

export function createOutline(
  client: Pick<SyncClient, "records" | "create" | "update" | "restore" | "transact">,
  load: () => Promise<OutlineTree>,
): Outline {
  const record = (): RecordOf<"outline"> | null => {
    const found = client.records.get(ID);
    return found?.kind === "outline" ? found : null;
  };
  // A record that was undone is deleted, and comes back by being restored.
  let wasThere = false;
  let ofFile: OutlineTree | null = null;
  let loading: Promise<void> | null = null;

  return {
    watch(changed) {
      let last: OutlineTree | null = null;
      const tell = (): void => {
        const own = record();
        wasThere ||= own !== null;
        const tree = own?.data.tree ?? ofFile;
        if (tree === null) loading ??= load().then((tree) => void (ofFile = tree));
        if (tree !== null && tree !== last) changed((last = tree));
        else if (tree === null) loading?.then(tell, reportError);
      };
      tell();
      return client.records.onChange(tell);
    },
    write(tree) {
      const data = { tree: [...tree] };
      if (record() !== null) client.update(ID, data);
      else if (!wasThere) client.create("outline", data, { id: ID });
      else
        client.transact(() => {
          client.restore(ID);
          client.update(ID, data);
        });
      wasThere = true;
    },
  };
}

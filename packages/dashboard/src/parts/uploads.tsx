/** The files that are on their way, each with its progress or the reason why it was refused. */
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import type { UploadQueue } from "../upload-queue.ts";
import { Button, bytes, Card } from "./controls.tsx";

export function Uploads({ queue }: { queue: UploadQueue }) {
  const items = useSyncExternalStore(queue.subscribe, queue.items);
  if (items.length === 0) return null;
  return (
    <Card className="grid gap-3 p-4">
      {items.map((item) => (
        <div key={item.key} className="grid gap-1.5">
          <div className="flex items-center gap-3 text-sm">
            <span className="min-w-0 flex-1 truncate font-medium">{item.file.name}</span>
            <span className="text-xs text-stone-500 dark:text-stone-400">{bytes(item.file.size)}</span>
            <Button look="quiet" className="h-7 w-7 px-0" aria-label={`Dismiss ${item.file.name}`} onClick={() => queue.dismiss(item.key)}>
              <X size={14} aria-hidden />
            </Button>
          </div>
          {item.state === "failed" ? (
            <p role="alert" className="text-sm text-red-700 dark:text-red-300">
              {item.reason}
            </p>
          ) : (
            <progress
              aria-label={`Uploading ${item.file.name}`}
              max={1}
              value={item.share}
              className="h-1.5 w-full appearance-none overflow-hidden rounded-full bg-stone-200 [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-stone-200 [&::-webkit-progress-value]:bg-accent dark:[&::-webkit-progress-bar]:bg-stone-700"
            />
          )}
        </div>
      ))}
    </Card>
  );
}

/** Uploading with progress: XMLHttpRequest, because browsers do not stream the body of a fetch over HTTP/1.1. */
import { errorFromProblem } from "@lectern/client";

export interface UploadOptions {
  readonly applicationId: string;
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Resolves with the new document's id; rejects with the service's ApiError. */
export function upload(file: File, options: UploadOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ file_name: file.name, wait: "false" });
    request.open("POST", `/viewer/documents?${query}`);
    request.responseType = "json";
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.setRequestHeader("lectern-application", options.applicationId);
    request.upload.addEventListener("progress", (event) => options.onProgress(event.loaded / Math.max(1, event.total)));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve((request.response as { data: { id: string } }).data.id);
      else reject(errorFromProblem(request.response, request.status));
    });
    request.addEventListener("error", () => reject(new Error("The connection was lost")));
    request.addEventListener("abort", () => reject(new Error("Cancelled")));
    options.signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

/** The Web SDK, loaded from the service as every embedding page does it. */
interface Sdk {
  load(options: { container: HTMLElement; session: string }): Promise<{ unload(): void }>;
}

declare global {
  interface Window {
    Lectern?: Sdk;
  }
}

export function loadSdk(): Promise<Sdk> {
  return new Promise<Sdk>((resolve, reject) => {
    const ready = () => (window.Lectern === undefined ? reject(new Error("The viewer could not be started")) : resolve(window.Lectern));
    if (window.Lectern !== undefined) return ready();
    const script = document.createElement("script");
    script.src = "/sdk/lectern.js";
    script.addEventListener("load", ready);
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error("The viewer could not be loaded from this server"));
    });
    document.head.append(script);
  });
}

// Letting the caller's other events in while a training computes on the caller's own thread: timers, signals, messages.

/** They get in at least this often. */
const BREATH_MS = 20;

/** Lets other events in, when it is called and enough time has passed since the last. Promises alone do not. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < BREATH_MS) return;
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
    last = performance.now();
  };
}

/** The signals by which a person or a supervisor asks a program to end. */
const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** The wish to stop, made of signals to this process while it is held. */
export interface StopRequest extends Disposable {
  /** Aborts at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/**
 * Listens for SIGTERM and SIGINT: the first asks to stop gently; the second ends the process at once, as
 * the signal itself would (the store bears that), after `beforeEnd`, which must not wait. SIGHUP is ignored: a
 * terminal that closes is no reason to stop serving.
 */
export function listenForStop(beforeEnd: () => void = () => {}): StopRequest {
  const controller = new AbortController();
  const ignore = () => {};
  const dispose = () => {
    for (const signal of stopSignals) process.removeListener(signal, onSignal);
    process.removeListener("SIGHUP", ignore);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    beforeEnd();
    dispose(); // without listeners the signal does what it does by default
    process.kill(process.pid, signal);
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  process.on("SIGHUP", ignore);
  return { signal: controller.signal, [Symbol.dispose]: dispose };
}

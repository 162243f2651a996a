/** When sweeps are due: soon after the start, for servers that never run long, then hourly. */

/** The first sweep waits until the server has answered its first requests. */
const firstDelayMs = 60 * 1000;
const intervalMs = 60 * 60 * 1000;

/**
 * Runs `sweep` one minute from now and then every hour, never two at a time. Disposing it aborts the signal of a
 * running one and waits for its end; `onError` gets what a sweep raises otherwise.
 */
export function scheduleSweeps(
  sweep: (signal: AbortSignal) => Promise<unknown>,
  onError: (error: unknown) => void,
): AsyncDisposable {
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const run = () => {
    running ??= sweep(stop.signal)
      .then(
        () => undefined,
        (error: unknown) => {
          if (!stop.signal.aborted) onError(error);
        },
      )
      .finally(() => (running = undefined));
  };
  const first = setTimeout(run, firstDelayMs).unref();
  const hourly = setInterval(run, intervalMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(first);
      clearInterval(hourly);
      stop.abort();
      await running;
    },
  };
}

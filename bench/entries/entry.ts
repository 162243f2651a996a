/** The child's side of {@link Worker}. */

/** The options the parent started this process with. */
export function entryOptions<T>(): T {
  return JSON.parse(process.argv[2] ?? "{}") as T; // written by the parent
}

/** Hands a message to the parent. */
export function tell(message: object): void {
  process.send?.(message);
}

/** Answers every message of the parent by the one `answer` resolves to. */
export function answerMessages<T>(answer: (message: T) => Promise<object>): void {
  process.on("message", (message: T) => {
    void answer(message).then(tell);
  });
}

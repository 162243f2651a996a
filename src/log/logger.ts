/**
 * The log: a constant message and named fields, one line each. Values of secrets,
 * bodies and credentials are never fields.
 */

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` contributes its message and, below `cause`, the messages of its causes; no stack. */
  error(message: string, error: unknown, fields?: LogFields): void;
}

export type LogFormat = "text" | "json";

/** A logger that hands finished lines (without newline) to `write`. */
export function createLogger(format: LogFormat, write: (line: string) => void, now: () => Date): Logger {
  const emit = (level: string, message: string, fields: LogFields = {}) => {
    const time = now().toISOString();
    write(
      format === "json"
        ? JSON.stringify({ time, level, message, ...fields })
        : `${time} ${level.toUpperCase()} ${message}${textFields(fields)}`,
    );
  };
  return {
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, error, fields) => emit("error", message, { ...fields, error: describeError(error) }),
  };
}

function textFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? JSON.stringify(value) : String(value)}`)
    .join("");
}

const causesMax = 5;

/** The messages of an error and its causes; nothing else of it. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < causesMax && current !== undefined && current !== null; depth++) {
    messages.push(current instanceof Error ? `${current.name}: ${current.message}` : "not an error");
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join("; caused by ");
}

/** Strict reading of a configuration: what is not known is an error, as is what has another type. */
import type { ConfigurationErrors } from "./configuration-errors.ts";

export type Mapping = Readonly<Record<string, unknown>>;

export class ConfigurationReader {
  readonly #errors: ConfigurationErrors;

  constructor(errors: ConfigurationErrors) {
    this.#errors = errors;
  }

  /** The mapping at a path; empty when absent. Names of fields beside `known` are errors. */
  mapping(value: unknown, path: string, known: readonly string[]): Mapping {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) {
      this.#errors.texts.push(`${path || "the file"}: must be a mapping`);
      return {};
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) this.#errors.texts.push(`unknown field "${path === "" ? name : `${path}.${name}`}"`);
    }
    return { ...value };
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.#errors.texts.push(`${path}: must be a list`);
    return [];
  }

  /** "" when absent. */
  text(of: Mapping, name: string, path: string): string {
    return this.optionalText(of, name, path) ?? "";
  }

  optionalText(of: Mapping, name: string, path: string): string | undefined {
    const value = of[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    this.#errors.texts.push(`${path}.${name}: must be a string`);
    return undefined;
  }

  texts(value: unknown, path: string): string[] {
    return this.list(value, path).flatMap((item, index) => {
      if (typeof item === "string") return [item];
      this.#errors.texts.push(`${path}[${index}]: must be a string`);
      return [];
    });
  }

  boolean(of: Mapping, name: string, path: string): boolean {
    const value = of[name];
    if (value === undefined || value === null) return false;
    if (typeof value === "boolean") return value;
    this.#errors.texts.push(`${path}.${name}: must be true or false`);
    return false;
  }
}

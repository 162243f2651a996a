/** What is wrong with the file, and where: the text of a field error as Kubernetes writes it. Never has a key in it. */
export type ConfigurationProblem = string;

/** A field that must be there. */
export function required(field: string, detail: string): ConfigurationProblem {
  return `${field}: Required value: ${detail}`;
}

/** A field with a value that cannot be. */
export function invalid(field: string, value: unknown, detail: string): ConfigurationProblem {
  return `${field}: Invalid value: ${JSON.stringify(value)}: ${detail}`;
}

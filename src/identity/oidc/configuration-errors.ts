/** What is wrong with a configuration, by field, in upstream's words (apimachinery pkg/util/validation/field). */
export class ConfigurationErrors {
  readonly texts: string[] = [];

  required(path: string, detail = ""): void {
    this.texts.push(`${path}: Required value${detail === "" ? "" : `: ${detail}`}`);
  }

  invalid(path: string, value: string, detail: string): void {
    this.texts.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`);
  }

  duplicate(path: string, value: string): void {
    this.texts.push(`${path}: Duplicate value: ${JSON.stringify(value)}`);
  }

  tooMany(path: string, count: number, countMax: number): void {
    this.texts.push(`${path}: Too many: ${count}: must have at most ${countMax} items`);
  }
}

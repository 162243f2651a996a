/** The Secrets in rendered manifests, as marks. */
import { parseAllDocuments } from "yaml";
import { kubernetesTags } from "./kubernetes-yaml.ts";
import { fieldNames, textField } from "./json-fields.ts";
import type { MaterialMark, SecretMaterial } from "./secret-material.ts";

export interface RenderedSecret {
  /** "" for that of the release. */
  readonly namespace: string;
  readonly name: string;
  readonly marks: readonly MaterialMark[];
}

/** Documents that are no Secrets, or cannot be read, are passed over. */
export function parseRenderedSecrets(text: string, material: SecretMaterial): RenderedSecret[] {
  const documents = text.split(/^---.*$/m).filter((document) => /^kind:\s*["']?Secret\b/m.test(document));
  return documents.flatMap((document) => {
    const [parsed] = parseAllDocuments(document, {
      version: "1.1",
      customTags: kubernetesTags,
      logLevel: "silent",
      prettyErrors: false,
    });
    if (parsed === undefined || parsed.errors.length > 0) return [];
    const value: unknown = parsed.toJS({ maxAliasCount: 100 });
    const name = textField(value, "metadata", "name");
    if (name === "") return [];
    const marks = [
      ...fieldNames(value, "data").map((key) =>
        material.mark(key, Buffer.from(textField(value, "data", key), "base64").toString("utf8")),
      ),
      ...fieldNames(value, "stringData").map((key) => material.mark(key, textField(value, "stringData", key))),
    ];
    return [{ namespace: textField(value, "metadata", "namespace"), name, marks }];
  });
}

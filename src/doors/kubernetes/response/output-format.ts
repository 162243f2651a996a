/** How an answer is to be written, as negotiated from Accept and the query. */
export interface OutputFormat {
  readonly media: "application/json" | "application/yaml" | "application/vnd.kubernetes.protobuf";
  /** What the objects are turned into. */
  readonly view: "object" | "table" | "partial-metadata";
  /** Version of meta.k8s.io of the view. */
  readonly viewVersion: "v1" | "v1beta1";
  /** Indented JSON. */
  readonly pretty: boolean;
  /** What a row of a Table carries of its object. */
  readonly includeObject: "None" | "Metadata" | "Object";
}

/** Whether an answer in this format contains secret values (a Table of metadata rows and partial metadata do not). */
export function showsValues(format: OutputFormat): boolean {
  return format.view === "object" || (format.view === "table" && format.includeObject === "Object");
}

/** Whether an answer in this format contains metadata, and not just cells of a Table. */
export function showsMetadata(format: OutputFormat): boolean {
  return format.view !== "table" || format.includeObject !== "None";
}

/** The format of the same media type in which an answer has names and metadata, and no values. */
export function withoutValuesFormat(format: OutputFormat): OutputFormat {
  if (format.view === "object") return { ...format, view: "partial-metadata" };
  return format.includeObject === "Object" ? { ...format, includeObject: "Metadata" } : format;
}

/** A string that is the same for formats whose encodings of an object are the same: the key of encoding caches. */
export function formatKey(format: OutputFormat): string {
  return `${format.media} ${format.view} ${format.viewVersion} ${format.includeObject}`;
}

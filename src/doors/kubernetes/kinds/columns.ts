/**
 * The columns that nearly every kind prints.
 *
 * Source: k/k pkg/printers/internalversion/printers.go.
 */
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { ageCell } from "./human-duration.ts";
import type { Column } from "./kind.ts";

/** NAME; clients recognise it by its format. */
export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object, unique among those of its kind in its namespace. It can not be changed.",
  priority: 0,
  cell: (object) => stringField(metadataOf(object), "name"),
};

/** AGE: since when the object exists. */
export const ageColumn: Column = {
  name: "Age",
  type: "string",
  format: "",
  description: "How long ago the server created the object.",
  priority: 0,
  cell: ageCell,
};

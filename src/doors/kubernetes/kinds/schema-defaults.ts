/**
 * Defaults by message: whatever an object consists of is gone through by its
 * schema, and each message gets the defaults of its type, wherever it stands.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { Field, FieldType, Message } from "../schema/schema.ts";

/** What sets the defaults of a message of a type (by its Go name), in place. */
export type MessageDefaults = ReadonlyMap<string, (object: JsonObject) => void>;

/** Sets the defaults of all messages within `object`, those around before those inside. */
export class SchemaDefaults {
  readonly #defaults: MessageDefaults;
  /** The fields of a message that lead to a message with defaults. */
  readonly #fields = new Map<Message, readonly Field[]>();

  constructor(defaults: MessageDefaults) {
    this.#defaults = defaults;
  }

  apply(message: Message, object: JsonObject): void {
    this.#defaults.get(message.goName)?.(object);
    for (const { name, type } of this.#fieldsOf(message)) this.#within(type, object[name]);
  }

  #within(type: FieldType, value: JsonValue | undefined): void {
    if (type.kind === "message" && isJsonObject(value)) this.apply(type.message(), value);
    if (type.kind === "list" && Array.isArray(value)) for (const item of value) this.#within(type.item, item);
  }

  #fieldsOf(message: Message): readonly Field[] {
    let fields = this.#fields.get(message);
    if (fields === undefined) {
      this.#fields.set(message, []);
      fields = message.fields.filter(({ type }) => this.#leadsToDefaults(type));
      this.#fields.set(message, fields);
    }
    return fields;
  }

  #leadsToDefaults(type: FieldType): boolean {
    if (type.kind === "list") return this.#leadsToDefaults(type.item);
    if (type.kind !== "message") return false;
    const message = type.message();
    return this.#defaults.has(message.goName) || this.#fieldsOf(message).length > 0;
  }
}

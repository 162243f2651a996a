/**
 * Messages of protobuf (proto3) as tables: what they have is read off a constant, and so is their type.
 *
 * Source: protobuf.dev, "Encoding". Zero values are left out; a message that is absent is undefined; unknown fields are
 * passed over. A field that occurs again replaces the one before (upstream merges messages; nothing that we speak to
 * sends one twice).
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StrongroomError } from "../errors/strongroom-error.ts";

/** How one value stands on the wire. */
interface ValueType<T> {
  readonly wireType: WireType;
  readonly zero: T;
  read(reader: BinaryReader): T;
  write(writer: BinaryWriter, value: T): void;
}

interface Field<T> {
  readonly number: number;
  readonly wireType: WireType;
  /** What stands for "not sent". */
  readonly absent: T;
  /** The value after another one was read. */
  add(reader: BinaryReader, before: T): T;
  write(writer: BinaryWriter, value: T): void;
}

/** What a message holds, every field present. */
export type Values<F> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };
/** The values of a message. */
export type MessageOf<M> = M extends Message<infer F> ? Values<F> : never;

/** Fields by the names we give them. */
// oxlint-disable-next-line typescript/no-explicit-any -- a field of any type, whose type `Values` reads off again
export type Fields = Readonly<Record<string, Field<any>>>;

export class Message<F extends Fields> {
  readonly #byNumber: ReadonlyMap<number, readonly [name: string, field: Field<unknown>]>;

  constructor(fields: F) {
    this.#byNumber = new Map(Object.entries(fields).map((entry) => [entry[1].number, entry]));
  }

  /** Raises `invalid` for bytes that are no such message. The values are views of `bytes`. */
  decode(bytes: Uint8Array): Values<F> {
    try {
      return this.#decode(new BinaryReader(bytes));
    } catch (error) {
      if (error instanceof StrongroomError) throw error;
      throw new StrongroomError("invalid", "the message must be valid protobuf", { cause: error });
    }
  }

  #decode(reader: BinaryReader): Values<F> {
    const values: Record<string, unknown> = {};
    for (const [name, field] of this.#byNumber.values()) values[name] = field.absent;
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const known = this.#byNumber.get(number);
      if (known === undefined) {
        reader.skip(wireType, number);
        continue;
      }
      const [name, field] = known;
      if (wireType !== field.wireType) throw new StrongroomError("invalid", `field ${number} must have its wire type`);
      values[name] = field.add(reader, values[name]);
    }
    return values as Values<F>; // every field of F, each read by its own type
  }

  /** A whole message, for one that is nested in another. */
  of(values: Partial<Values<F>>): Values<F> {
    const whole: Record<string, unknown> = {};
    for (const [name, field] of this.#byNumber.values()) whole[name] = field.absent;
    return Object.assign(whole, values) as Values<F>; // every field of F
  }

  /** Fields that are left out have their zero value. */
  encode(values: Partial<Values<F>>): Uint8Array {
    const writer = new BinaryWriter();
    this.write(writer, values);
    return writer.finish();
  }

  write(writer: BinaryWriter, values: Partial<Values<F>>): void {
    const given: Readonly<Record<string, unknown>> = values;
    for (const [name, field] of this.#byNumber.values()) {
      const value = given[name];
      if (value !== undefined) field.write(writer, value);
    }
  }
}

const noBytes = new Uint8Array();

/** int64 and int32, enumerations too: safe integers only, which all revisions and identities of ours are. */
const int64Type: ValueType<number> = {
  wireType: WireType.Varint,
  zero: 0,
  read: (reader) => {
    const value = Number(reader.int64());
    if (!Number.isSafeInteger(value)) throw new StrongroomError("invalid", "a number must be less than 2^53");
    return value;
  },
  write: (writer, value) => writer.int64(value),
};
const uint64Type: ValueType<bigint> = {
  wireType: WireType.Varint,
  zero: 0n,
  read: (reader) => BigInt(reader.uint64()),
  write: (writer, value) => writer.uint64(value),
};
const boolType: ValueType<boolean> = {
  wireType: WireType.Varint,
  zero: false,
  read: (reader) => reader.bool(),
  write: (writer, value) => writer.bool(value),
};
const bytesType: ValueType<Uint8Array> = {
  wireType: WireType.LengthDelimited,
  zero: noBytes,
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};
const textType: ValueType<string> = {
  wireType: WireType.LengthDelimited,
  zero: "",
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
};

function single<T>(number: number, type: ValueType<T>): Field<T> {
  return {
    number,
    wireType: type.wireType,
    absent: type.zero,
    add: (reader) => type.read(reader),
    write: (writer, value) => {
      if (value === type.zero || (value instanceof Uint8Array && value.length === 0)) return;
      type.write(writer.tag(number, type.wireType), value);
    },
  };
}

export const int64 = (number: number): Field<number> => single(number, int64Type);
export const uint64 = (number: number): Field<bigint> => single(number, uint64Type);
export const bool = (number: number): Field<boolean> => single(number, boolType);
export const bytes = (number: number): Field<Uint8Array> => single(number, bytesType);
export const text = (number: number): Field<string> => single(number, textType);

/** A message within a message; undefined when it was not sent. */
export function nested<F extends Fields>(number: number, message: Message<F>): Field<Values<F> | undefined> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    absent: undefined,
    add: (reader) => message.decode(reader.bytes()),
    write: (writer, value) => {
      if (value === undefined) return;
      message.write(writer.tag(number, WireType.LengthDelimited).fork(), value);
      writer.join();
    },
  };
}

/** A message repeats a field at most so often: what is asked for with 2 MiB must not take a hundred times that to decode. */
const repetitionsMax = 4096;

/** A list of its own for each message that has the field: the one before is the zero value, or was made here. */
function appended<T>(before: readonly T[], item: T): readonly T[] {
  if (before.length === 0) return [item];
  if (before.length >= repetitionsMax) {
    throw new StrongroomError("invalid", `a field must be repeated at most ${repetitionsMax} times`);
  }
  (before as T[]).push(item); // made above, and seen by nobody yet
  return before;
}

/** Some messages. */
export function repeated<F extends Fields>(number: number, message: Message<F>): Field<readonly Values<F>[]> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    absent: [],
    add: (reader, before) => appended(before, message.decode(reader.bytes())),
    write: (writer, values) => {
      for (const value of values) {
        message.write(writer.tag(number, WireType.LengthDelimited).fork(), value);
        writer.join();
      }
    },
  };
}

/** Messages that are encoded already, one after the other as a repeated field has them. */
export function encoded(number: number): Field<readonly Uint8Array[]> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    absent: [],
    add: (reader, before) => appended(before, reader.bytes()),
    write: (writer, values) => {
      for (const value of values) writer.tag(number, WireType.LengthDelimited).bytes(value);
    },
  };
}

/** Numbers, packed as proto3 has them. */
export function numbers(number: number): Field<readonly number[]> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    absent: [],
    add: (reader, before) => {
      const packed = new BinaryReader(reader.bytes());
      let values = before;
      while (packed.pos < packed.len) values = appended(values, int64Type.read(packed));
      return values;
    },
    write: (writer, values) => {
      if (values.length === 0) return;
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const value of values) writer.int64(value);
      writer.join();
    },
  };
}

/** Some texts. */
export function texts(number: number): Field<readonly string[]> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    absent: [],
    add: (reader, before) => appended(before, reader.string()),
    write: (writer, values) => {
      for (const value of values) writer.tag(number, WireType.LengthDelimited).string(value);
    },
  };
}

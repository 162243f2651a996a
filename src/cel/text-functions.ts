/**
 * Functions of texts whose results can be far larger than what they take: what they make is paid for before it is made, and
 * made in linear time.
 *
 * Source: cel-go ext/strings.go.
 */
import type { CelFunc, CelList } from "@bufbuild/cel";
import type { Spending } from "./spending.ts";

type Library = Pick<typeof import("@bufbuild/cel"), "celMethod" | "CelScalar" | "listType">;

export function textFunctions({ celMethod, CelScalar, listType }: Library, { characters }: Spending): CelFunc[] {
  const { DYN, INT, STRING } = CelScalar;
  const list = listType(DYN);

  function replace(this: string, from: string, to: string, limit?: bigint): string {
    const most = limit === undefined || limit < 0n ? Infinity : Number(limit);
    // Nothing is found before, between and after all characters.
    const parts = from === "" ? ["", ...this, ""] : this.split(from);
    const count = Math.min(most, parts.length - 1);
    characters(this.length + count * to.length);
    const end = parts.slice(count).join(from);
    return [...parts.slice(0, count), end].join(to);
  }

  function join(this: CelList, separator = ""): string {
    const texts: string[] = [];
    for (const item of this) {
      if (typeof item !== "string")
        throw new Error("invalid argument to function join: list contains non-string value");
      texts.push(item);
    }
    characters(texts.reduce((sum, { length }) => sum + length + separator.length, 0));
    return texts.join(separator);
  }

  return [
    celMethod("replace", STRING, [STRING, STRING], STRING, replace),
    celMethod("replace", STRING, [STRING, STRING, INT], STRING, replace),
    celMethod("join", list, [], STRING, join),
    celMethod("join", list, [STRING], STRING, join),
  ];
}

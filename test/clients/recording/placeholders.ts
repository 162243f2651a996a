/**
 * What a server makes up (uids, versions, times, tokens, addresses of documents) and
 * a client sends back. A recording names where each came from; a replay puts in
 * what the server at hand has made up in the same place.
 *
 * A placeholder is `<METHOD PATH#POINTER>`: the latest answer to that method on that
 * path, and the place in its body (`#etag` for the header).
 */
import { isObject } from "./exchange.ts";
import type { Json } from "./exchange.ts";
import type { ObjectMetadata } from "./protobuf-metadata.ts";

const madeUp = new Set(["uid", "resourceVersion", "creationTimestamp", "continue", "serverRelativeURL"]);

/** Both directions: remembers answers, hides values behind placeholders and puts them back. */
export class Placeholders {
  readonly #values = new Map<string, string>();
  readonly #origins = new Map<string, string>();

  /** Takes in an answer. */
  learn(method: string, url: string, etag: string | undefined, body: Json | undefined): void {
    const origin = `${method} ${new URL(url, "http://localhost").pathname}`;
    if (etag !== undefined) this.#remember(`${origin}#etag`, etag);
    if (body !== undefined) this.#walk(origin, "", body);
  }

  /** The URL with what the server made up replaced. */
  hideUrl(url: string): string {
    const [address] = url.split("&", 1);
    const origin = this.#origins.get(address ?? "");
    if (address !== undefined && origin !== undefined) return `<${origin}>${url.slice(address.length)}`;
    return url
      .replace(/(?<=[?&](?:resourceVersion|continue)=)[^&]+/g, (value) => this.hide(decodeURIComponent(value)))
      .replace(/(?<=[?&]timeoutSeconds=)\d{3,}/g, "300"); // minutes, which clients draw by lot
  }

  /** The value's placeholder; the value itself when the server did not make it up. */
  hide(value: string): string {
    const origin = this.#origins.get(value);
    return origin === undefined ? value : `<${origin}>`;
  }

  /** The tree with the fields replaced that only a server fills in. */
  hideTree(tree: Json): Json {
    return mapFields(tree, (key, value) => (madeUp.has(key) ? this.hide(value) : value));
  }

  /** The fields that only a server fills in, as placeholders; undefined when there is none. */
  hideMetadata(metadata: ObjectMetadata): ObjectMetadata | undefined {
    const hidden = Object.entries(metadata).flatMap(([key, value]: [string, string]) => {
      const placeholder = this.hide(value);
      return placeholder === value ? [] : [[key, placeholder]];
    });
    return hidden.length === 0 ? undefined : (Object.fromEntries(hidden) as ObjectMetadata); // keys of the argument
  }

  fillMetadata(metadata: ObjectMetadata): ObjectMetadata {
    return Object.fromEntries(
      Object.entries(metadata).map(([key, value]: [string, string]) => [key, this.fill(value)]),
    ) as ObjectMetadata; // as above
  }

  fillUrl(url: string): string {
    const address = /^<[^>]+>/.exec(url)?.[0] ?? "";
    return (
      this.fill(address) +
      url
        .slice(address.length)
        .replace(/=(<[^>]+>)/g, (_, placeholder: string) => `=${encodeURIComponent(this.fill(placeholder))}`)
    );
  }

  fillTree(tree: Json): Json {
    return mapFields(tree, (_, value) => this.fill(value));
  }

  /** Raises when the placeholder names an answer that has not come. */
  fill(text: string): string {
    const origin = /^<([A-Z]+ [^>]+#[^>]+)>$/.exec(text)?.[1];
    if (origin === undefined) return text;
    const value = this.#values.get(origin);
    if (value === undefined) throw new Error(`no answer has brought ${origin}`);
    return value;
  }

  #walk(origin: string, pointer: string, tree: Json): void {
    if (Array.isArray(tree)) {
      for (const [index, item] of tree.entries()) this.#walk(origin, `${pointer}/${index}`, item);
    } else if (isObject(tree)) {
      for (const [key, value] of Object.entries(tree)) {
        const place = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        if (madeUp.has(key) && typeof value === "string" && value !== "") this.#remember(`${origin}#${place}`, value);
        else this.#walk(origin, place, value);
      }
    }
  }

  #remember(origin: string, value: string): void {
    this.#values.set(origin, value);
    this.#origins.set(value, origin);
  }
}

function mapFields(tree: Json, replace: (key: string, value: string) => string): Json {
  if (Array.isArray(tree)) return tree.map((item) => mapFields(item, replace));
  if (!isObject(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [
      key,
      typeof value === "string" ? replace(key, value) : mapFields(value, replace),
    ]),
  );
}

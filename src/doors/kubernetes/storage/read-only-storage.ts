/** What the storages of objects that are made when they are read have in common. */
import type { KindStorage } from "./kind-storage.ts";

/** A storage without objects, of which only reading makes sense; to be spread. */
export function readOnlyStorage(
  own: Pick<KindStorage, "prefix" | "currentRevision">,
): Omit<KindStorage, "get" | "list"> {
  const refuse = (what: string) => () =>
    Promise.reject(new TypeError(`what is made when it is read must not be ${what}`));
  return {
    ...own,
    count: refuse("counted"),
    create: refuse("created"),
    replace: refuse("replaced"),
    delete: refuse("deleted"),
    watch: () => {
      throw new TypeError("what is made when it is read must not be watched");
    },
  };
}

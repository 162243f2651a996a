/** What is posted: upstream's EventList to a webhook, lines of JSON or an array to other receivers. */
import type { Destination, OutgoingRecord } from "./destination.ts";
import type { HttpPost } from "./http-post.ts";

/** The form of the body: `lines` is newline-delimited JSON. */
export type HttpBody = "lines" | "array";

/** Source: apiserver plugin/pkg/audit/webhook/webhook.go. Records are events of Kubernetes. */
export function webhook(post: HttpPost): Destination {
  return destination(post, (texts) => ({
    type: "application/json",
    body: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${texts.join(",")}]}`,
  }));
}

export function httpJson(post: HttpPost, form: HttpBody): Destination {
  return destination(post, (texts) =>
    form === "array"
      ? { type: "application/json", body: `[${texts.join(",")}]` }
      : { type: "application/x-ndjson", body: texts.map((text) => `${text}\n`).join("") },
  );
}

function destination(
  post: HttpPost,
  compose: (texts: readonly string[]) => { readonly type: string; readonly body: string },
): Destination {
  return {
    async deliver(records: readonly OutgoingRecord[], signal) {
      const { type, body } = compose(records.map(({ text }) => text));
      await post.post(body, type, signal);
    },
    close: async () => post.close(),
  };
}

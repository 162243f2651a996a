/** The kinds this server serves. Discovery, OpenAPI and the router read this list. */
import { configMapKind } from "./config-map.ts";
import type { Kind } from "./kind.ts";
import { namespaceKind } from "./namespace.ts";
import { secretKind } from "./secret.ts";
import { serviceAccountKind } from "./service-account.ts";

/** Every kind, in the order of discovery (by resource name). */
export const kinds: readonly Kind[] = [configMapKind, namespaceKind, secretKind, serviceAccountKind];

/** What audit logs show of every secret that was asked for by name: who was refused it, and whether it was read. */
import type { SecretName } from "../graph/security-graph.ts";
import type { AuditCollector } from "./audit-log.ts";
import { readingVerbs } from "./audit-request.ts";
import type { AuditedStage } from "./audit-request.ts";

/** So many secrets are kept; further ones have no signs. */
const secretsMax = 200_000;
/** Of those who were refused one secret, so many are named. */
const namesMax = 5;

interface Signs {
  isRead: boolean;
  refusals: number;
  readonly refused: Set<string>;
}

export class SecretSigns implements AuditCollector {
  readonly #signs = new Map<string, Signs>();
  /** Requests for secrets beyond the first {@link secretsMax}. */
  lost = 0;

  /** Whether somebody asked for it by name and was given it: a list says nothing of a single one. */
  isRead(secret: SecretName): boolean {
    return this.#signs.get(keyOf(secret))?.isRead === true;
  }

  /** How often somebody asked for it by name and was refused, and who; "" for never. */
  refusalsOf(secret: SecretName): string {
    const { refusals = 0, refused = new Set<string>() } = this.#signs.get(keyOf(secret)) ?? {};
    return refusals === 0
      ? ""
      : `refused ${refusals} time${refusals === 1 ? "" : "s"}, to ${[...refused].sort().join(", ")}`;
  }

  request(request: AuditedStage): void {
    const { resource, group, subresource, verb, code = 200 } = request;
    if (resource !== "secrets" || group !== "" || subresource !== "" || !readingVerbs.has(verb)) return;
    if (code === 401 || code === 403) this.#noteRefusal(request);
    else if (code < 400 && !request.isOwn && verb !== "delete") this.#noteRead(request); // our own says itself what left
  }

  disclosed(request: AuditedStage, metadataOnly: boolean): void {
    if (!metadataOnly && request.resource === "secrets") this.#noteRead(request);
  }

  #noteRead(request: AuditedStage): void {
    const signs = this.#of(request);
    if (signs !== undefined) signs.isRead = true;
  }

  /** Kubelets ask a moment too early and too late: what they are refused says nothing. */
  #noteRefusal(request: AuditedStage): void {
    if (request.user.startsWith("system:node:")) return;
    const signs = this.#of(request);
    if (signs === undefined) return;
    signs.refusals++;
    if (signs.refused.size < namesMax) signs.refused.add(request.user || "somebody without a credential that counts");
  }

  #of({ namespace, name }: AuditedStage): Signs | undefined {
    if (namespace === "" || name === "") return undefined;
    const key = keyOf({ namespace, name });
    const known = this.#signs.get(key);
    if (known !== undefined) return known;
    if (this.#signs.size >= secretsMax) {
      this.lost++;
      return undefined;
    }
    const made: Signs = { isRead: false, refusals: 0, refused: new Set() };
    this.#signs.set(key, made);
    return made;
  }
}

function keyOf({ namespace, name }: SecretName): string {
  return `${namespace}\n${name}`;
}

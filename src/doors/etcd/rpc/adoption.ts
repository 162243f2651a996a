/**
 * How the Secrets of a cluster's etcd come here: copied as often as it takes, while the cluster goes on changing them there.
 *
 * A copy remembers the revision that it is of, until somebody changes it here. Only what is still a copy follows the
 * cluster's etcd, forward and never back; so no order in which copies are made, broken off and repeated loses a write.
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Secret } from "../../../core/secrets/canonical-secret.ts";
import type { GateContext, Outcome } from "../../../gate/gate.ts";
import type { Method, UnaryMethod } from "../../../grpc/serve-grpc.ts";
import type { Place, SecretPlace } from "../cluster-keys.ts";
import type { ClusterSecrets } from "../cluster-secrets.ts";
import { askedOfAll, changesAll, keyDetail, rightTo } from "../door-calls.ts";
import {
  AdoptionResponse,
  AdoptRequest,
  BeginRequest,
  BeginResponse,
  beginPath,
  CopyRequest,
  CopyResponse,
  copyPath,
  ForgetRequest,
  putPath,
  removePath,
} from "../messages/adoption.ts";
import type { AdoptionOutcome } from "../messages/adoption.ts";
import { latin1 } from "./range.ts";
import type { RangeOptions } from "./range.ts";
import { changeablePlace, objectOf, untilWon } from "./write-key.ts";

export interface AdoptionOptions extends RangeOptions {
  readonly cluster: string;
}

/** The methods by their paths. */
export function adoptionMethods(options: AdoptionOptions): readonly (readonly [string, Method])[] {
  return [
    [beginPath, beginMethod(options)],
    [putPath, putMethod(options)],
    [removePath, removeMethod(options)],
    [copyPath, copyMethod(options)],
  ];
}

/** It takes the right to change all secrets: what is written by anybody has a later revision from then on. */
function beginMethod({ calls, records, secrets, cluster }: AdoptionOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { revision } = BeginRequest.decode(message);
      return calls.run(call, revision === 0 ? askedOfAll : changesAll, `revision=${revision}`, async () => {
        const reached = revision === 0 ? await secrets.currentRevision() : await records.goOnAbove(revision);
        return { answer: BeginResponse.encode({ cluster, revision: reached }), code: 200 };
      });
    },
  };
}

function putMethod({ calls, secrets }: AdoptionOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { key, value, modRevision } = AdoptRequest.decode(message);
      const of = secrets.keys.place(latin1(key));
      return calls.run(call, rightTo(of, "update"), keyDetail(of.key), async (context) => {
        const place = secretOf(of);
        if (modRevision <= 0) throw new StrongroomError("invalid", "what is copied must have a revision");
        // Whether it is there already is told to who may do both.
        await context.authorize("create");
        return untilWon(() => adopt(secrets, context, place, { value, modRevision }));
      });
    },
  };
}

async function adopt(
  secrets: ClusterSecrets,
  context: GateContext,
  place: SecretPlace,
  { value, modRevision }: { readonly value: Uint8Array; readonly modRevision: number },
): Promise<Outcome<Uint8Array>> {
  const { secret: previous } = await secrets.get(place, undefined);
  if (previous !== undefined) {
    if (Buffer.compare(secrets.valueOf(previous), value) === 0) return outcome("same", previous);
    const { adoptedAt } = previous.book;
    if (adoptedAt === undefined || adoptedAt >= modRevision) return outcome("kept", previous);
  }
  const written = await secrets.put(context, place, value, previous, modRevision);
  return outcome(previous === undefined ? "created" : "updated", written);
}

/** Takes away a copy of what the cluster has deleted since. */
function removeMethod({ calls, secrets }: AdoptionOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const of = secrets.keys.place(latin1(ForgetRequest.decode(message).key));
      return calls.run(call, rightTo(of, "delete"), keyDetail(of.key), (context) =>
        untilWon(async () => {
          const place = secretOf(of);
          const { secret } = await secrets.get(place, undefined);
          if (secret === undefined) return outcome("absent", undefined);
          if (secret.book.adoptedAt === undefined) return outcome("kept", secret);
          await secrets.delete(context, place, secret);
          return outcome("removed", secret);
        }),
      );
    },
  };
}

function copyMethod({ calls, secrets }: AdoptionOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const of = secrets.keys.place(latin1(CopyRequest.decode(message).key));
      return calls.run(call, rightTo(of, "get"), keyDetail(of.key), async () => {
        const { secret } = await secrets.get(secretOf(of), undefined);
        return { answer: CopyResponse.encode({ modRevision: secret?.book.adoptedAt ?? 0 }), code: 200 };
      });
    },
  };
}

function secretOf(of: Place): SecretPlace {
  const place = changeablePlace(of);
  if (place.type !== "secret") throw new StrongroomError("invalid", "the key must be that of a secret");
  return place;
}

function outcome(what: AdoptionOutcome, secret: Secret | undefined): Outcome<Uint8Array> {
  return { answer: AdoptionResponse.encode({ outcome: what }), code: 200, ...objectOf(secret) };
}

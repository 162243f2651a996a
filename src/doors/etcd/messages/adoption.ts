/**
 * Messages of our own, by which `strongroom adopt` brings the Secrets of a cluster's etcd here: what etcd's API has no words for.
 */
import { bytes, int64, Message, text } from "../../../grpc/message.ts";

/** Where {@link beginPath} and the others are served. */
const service = "/strongroom.etcd.v1.Adoption";
export const beginPath = `${service}/Begin`;
export const putPath = `${service}/Put`;
export const removePath = `${service}/Remove`;
export const copyPath = `${service}/Copy`;

/** That the cluster's etcd has come to this revision; 0 asks only what is here. */
export const BeginRequest = new Message({ revision: int64(1) });
/** Which cluster the client is of here, and the revision that this door has come to. */
export const BeginResponse = new Message({ cluster: text(1), revision: int64(2) });

/** What the cluster's etcd has under a key, since `modRevision`. */
export const AdoptRequest = new Message({ key: bytes(1), value: bytes(2), modRevision: int64(3) });

/** That the cluster's etcd has nothing under a key any more. */
export const ForgetRequest = new Message({ key: bytes(1) });

/** Which revision of the cluster's etcd a secret is a copy of; 0 when it was changed here since, or is none. */
export const CopyRequest = new Message({ key: bytes(1) });
export const CopyResponse = new Message({ modRevision: int64(1) });

/** What became of it: `kept` is what was changed here since, or was never copied, and stays as it is. */
export const adoptionOutcomes = ["created", "updated", "same", "kept", "removed", "absent"] as const;
export type AdoptionOutcome = (typeof adoptionOutcomes)[number];
export const AdoptionResponse = new Message({ outcome: text(1) });

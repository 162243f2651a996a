/** Client certificates that a cluster has issued: each is an identity for as long as it is good. */
import { X509Certificate } from "node:crypto";
import { textField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export interface CertificateRequestFact extends ObjectFact<"CertificateSigningRequest"> {
  /** Whom it is for; undefined while nothing is issued that the API server takes. */
  readonly issued?: IssuedIdentity;
}

export interface IssuedIdentity {
  readonly user: string;
  readonly groups: readonly string[];
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

const clientSigners: ReadonlySet<string> = new Set([
  "kubernetes.io/kube-apiserver-client",
  "kubernetes.io/kube-apiserver-client-kubelet",
]);

/** Source: k8s.io/api certificates/v1; of the name, CN is the user and each O a group. */
export function readCertificateRequest(value: unknown): Pick<CertificateRequestFact, "issued"> {
  if (!clientSigners.has(textField(value, "spec", "signerName"))) return {};
  const certificate = certificateOf(textField(value, "status", "certificate"));
  if (certificate === undefined) return {};
  const names = certificate.subject.split("\n");
  const of = (word: string) => names.flatMap((each) => (each.startsWith(word) ? [each.slice(word.length)] : []));
  const [user = ""] = of("CN=");
  return { issued: { user, groups: of("O="), notAfter: Date.parse(certificate.validTo) } };
}

function certificateOf(base64: string): X509Certificate | undefined {
  if (base64 === "") return undefined;
  try {
    return new X509Certificate(Buffer.from(base64, "base64"));
  } catch {
    return undefined; // a signer may have put anything there
  }
}

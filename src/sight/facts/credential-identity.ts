/** Whom a credential stands for, read from the credential itself: tokens of accounts and kubeconfigs. */
import { X509Certificate } from "node:crypto";

export interface CredentialIdentity {
  /** A user of the cluster; accounts are the users that they are. */
  readonly user: string;
  readonly groups: readonly string[];
  /** It says itself when it ends. */
  readonly ends: boolean;
}

const tokenForm = /\beyJ[\w-]{8,}\.(eyJ[\w-]{8,})\.[\w-]+/;
const certificateForm = /client-certificate-data["']?:\s*["']?([A-Za-z0-9+/=]{64,})/;

/** The identity in a token of an account, or in a kubeconfig; undefined for what says none. Signatures are not checked. */
export function identityIn(text: string): CredentialIdentity | undefined {
  return certificateIdentity(text) ?? tokenIdentity(text);
}

/** Source: k8s.io/apiserver pkg/authentication/serviceaccount: the subject is the user. */
function tokenIdentity(text: string): CredentialIdentity | undefined {
  const payload = tokenForm.exec(text)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("sub" in claims)) return undefined;
    const { sub } = claims;
    if (typeof sub !== "string" || !sub.startsWith("system:serviceaccount:")) return undefined;
    return { user: sub, groups: [], ends: "exp" in claims };
  } catch {
    return undefined; // what only looks like a token is none
  }
}

/** Source: k8s.io/apiserver pkg/authentication/request/x509: the common name is the user, organizations are groups. */
function certificateIdentity(text: string): CredentialIdentity | undefined {
  const written = certificateForm.exec(text)?.[1];
  if (written === undefined) return undefined;
  try {
    const subject = new X509Certificate(Buffer.from(written, "base64")).subject.split("\n");
    const named = (field: string) =>
      subject.flatMap((line) => (line.startsWith(field) ? [line.slice(field.length)] : []));
    const [user] = named("CN=");
    return user === undefined ? undefined : { user, groups: named("O="), ends: true };
  } catch {
    return undefined; // data that is no certificate says nothing
  }
}

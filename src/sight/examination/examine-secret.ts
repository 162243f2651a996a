/** What is in a secret, looked at once; nothing of the values is kept. */
import { parseJson, parseKubeconfig, textOf } from "../credentials/decoders.ts";
import { findCredentials } from "../credentials/find-credentials.ts";
import { certificateSubject, jwtClaims, kubeconfigUsers, registriesOf } from "../credentials/identities.ts";
import { nameStrength } from "../credentials/names-of-credentials.ts";
import { isGuessable, isHarmless, isPlaceholder, isSetting, isUnfilled } from "../credentials/placeholders.ts";
import { field, fieldNames, flagField, listField, textField } from "../facts/json-fields.ts";
import type { CheckId } from "../findings/check-registry.ts";
import { pointerWord } from "../findings/kubectl-command.ts";
import type { ScoreFactor } from "../findings/score.ts";
import { certificateNote, certificatesIn, observeTls } from "./certificates.ts";
import type { Examiner } from "./examiner.ts";
import type { CertificateNote, Examination, FieldPath, Observation } from "./observation.ts";
import { readSshKey } from "./ssh-keys.ts";

interface Value {
  readonly key: string;
  readonly path: FieldPath;
  /** Undefined for what is no text. */
  readonly text: string | undefined;
  readonly sizeBytes: number;
}

const tokenType = "kubernetes.io/service-account-token";
const releaseType = "helm.sh/release.v1";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Of a Secret with its values. */
export function examineSecret(secret: unknown, examiner: Examiner): Examination {
  const values = valuesOf(secret);
  const type = textField(secret, "type") || "Opaque";
  const certificate = certificateOf(values);
  const changedAt = changeTime(secret);
  const immutable = flagField(secret, "immutable");
  const isOfPlatform = type === tokenType || type === releaseType;
  const observations = [
    ...repeatedValues(secret),
    ...observeType(type, values, examiner),
    ...(isOfPlatform ? [] : values.flatMap((value) => observeValue(value, examiner))),
    ...observeCertificates(values),
  ];
  return {
    observations,
    complete: examiner.complete,
    ...(certificate === undefined ? {} : { certificate }),
    ...(changedAt === "" ? {} : { changedAt }),
    ...(immutable === undefined ? {} : { immutable }),
    plainKeys: isOfPlatform ? [] : values.filter(isPlain).map(({ key }) => key),
  };
}

/** Of a dump without values there are none to look at: a size is no empty text. */
function valuesOf(secret: unknown): Value[] {
  const keysOf = (part: string) =>
    fieldNames(secret, part).filter((key) => typeof field(secret, part, key, "sizeBytes") !== "number");
  const written = keysOf("stringData");
  const encoded = keysOf("data").filter((key) => !written.includes(key));
  return [
    ...written.map((key): Value => {
      const text = textField(secret, "stringData", key);
      return { key, path: ["stringData", key], text, sizeBytes: Buffer.byteLength(text) };
    }),
    ...encoded.map((key): Value => {
      const bytes = Buffer.from(textField(secret, "data", key), "base64");
      return { key, path: ["data", key], text: textOf(bytes), sizeBytes: bytes.length };
    }),
  ];
}

function observation(check: CheckId, path: FieldPath, text: string, ...factors: readonly ScoreFactor[]): Observation {
  return { check, path, text, factors, fingerprint: "" };
}

function repeatedValues(secret: unknown): Observation[] {
  const isRepeated = /"(?:data|stringData)":\{"/.test(textField(secret, "metadata", "annotations", lastApplied));
  if (!isRepeated && field(secret, "repeatsValues") !== true) return [];
  const path = ["metadata", "annotations", lastApplied];
  const patch = [{ op: "remove", path: `/metadata/annotations/${pointerWord(lastApplied)}` }] as const;
  return [{ ...observation("SR-LEAK-005", path, "it repeats the values"), patch }];
}

/** What the type promises. */
function observeType(type: string, values: readonly Value[], examiner: Examiner): Observation[] {
  const valueOf = (key: string) => values.find((value) => value.key === key);
  switch (type) {
    case tokenType:
      return [observation("SR-CONT-011", ["type"], "it holds a token without an end")];
    case releaseType:
      return observeRelease(valueOf("release"), examiner);
    case "kubernetes.io/ssh-auth":
      return observeSsh(valueOf("ssh-privatekey"), valueOf("known_hosts") !== undefined);
    case "kubernetes.io/tls": {
      const value = valueOf("tls.crt");
      if (value === undefined || isPlaceholder(value.text ?? "x") || certificatesIn(value.text ?? "").length > 0)
        return [];
      const text = value.sizeBytes === 0 ? "tls.crt is empty" : "tls.crt is no certificate that can be read";
      return [observation("SR-CONT-017", value.path, text)];
    }
    case "kubernetes.io/dockerconfigjson":
    case "kubernetes.io/dockercfg":
      return values.flatMap((value) => observeRegistries(value));
    default:
      return [];
  }
}

function observeRelease(value: Value | undefined, examiner: Examiner): Observation[] {
  if (value?.text === undefined) return [];
  const { credentials, complete } = findCredentials(
    { name: "release", text: value.text },
    { fingerprint: examiner.fingerprint },
  );
  examiner.noteComplete(complete);
  if (credentials.length === 0) return [];
  const kinds = [...new Set(credentials.map(({ title }) => title))];
  const guarded = { name: "place", value: 0.65, because: "the release is a Secret itself" };
  return [
    observation("SR-LEAK-007", value.path, `${credentials.length} of them: ${kinds.slice(0, 5).join(", ")}`, guarded),
  ];
}

function observeSsh(value: Value | undefined, hasKnownHosts: boolean): Observation[] {
  if (value === undefined || value.sizeBytes === 0 || isPlaceholder(value.text ?? "")) return [];
  const key = readSshKey(value.text ?? "");
  if (key === undefined)
    return [observation("SR-CONT-017", value.path, "ssh-privatekey is no private key that can be read")];
  return [
    ...(key.weakness === "" ? [] : [observation("SR-CONT-005", value.path, `the key is ${key.weakness}`)]),
    ...(key.locked || hasKnownHosts
      ? []
      : [observation("SR-CONT-009", value.path, "no passphrase, and no key known_hosts beside it")]),
  ];
}

const publicRegistry =
  /^(?:https?:\/\/)?(?:(?:index|registry-1)?\.?docker\.io|ghcr\.io|quay\.io|registry\.gitlab\.com)(?:[/:]|$)/;
const machineUser = /bot|robot|ci\b|deploy|pull|svc|service|token|oauth|json_key|aws|\+|\$|<token>|^_/i;

function observeRegistries({ path, text = "", sizeBytes }: Value): Observation[] {
  const config = parseJson(text);
  if (config === undefined) {
    return sizeBytes === 0 ? [] : [observation("SR-CONT-017", path, "it is no JSON object, which the type promises")];
  }
  return registriesOf(config)
    .filter(
      ({ registry, user, filled }) => filled && publicRegistry.test(registry) && user !== "" && !machineUser.test(user),
    )
    .map(({ registry, user }) => observation("SR-CONT-010", path, `user ${user} of ${registry}`));
}

/** What a value is, whatever the type. */
function observeValue({ key, path, text, sizeBytes }: Value, examiner: Examiner): Observation[] {
  if (sizeBytes === 0) return [observation("SR-CONT-015", path, "it is empty")];
  if (text === undefined) return [];
  const seen: Observation[] = [];
  const see = (check: CheckId, what: string, ...factors: readonly ScoreFactor[]) =>
    void seen.push(observation(check, path, what, ...factors));
  if (/^\.env(?:\.|$)|\.env$/.test(key)) see("SR-CONT-016", `the key is called ${key}`);
  if (isUnfilled(text)) see("SR-CONT-015", "it stands for a value");
  else if (nameStrength(key) === "strong" && isGuessable(text)) see("SR-CONT-014", "it is among what is tried first");
  observeTokens(text, see);
  const config = text.includes("users") ? (parseJson(text) ?? parseKubeconfig(text)) : undefined;
  if (config !== undefined) observeKubeconfig(config, see);
  const inside =
    text.length < 262_144 && text.includes("\n")
      ? findCredentials({ name: "", text }, { fingerprint: examiner.fingerprint })
      : undefined;
  const guessable = inside?.credentials.filter(({ certainty }) => certainty === "guessable") ?? [];
  for (const { line, within } of guessable.slice(0, 3)) {
    see("SR-CONT-014", `a value in it is among what is tried first (${within === "" ? `line ${line}` : within})`);
  }
  return seen;
}

type See = (check: CheckId, what: string, ...factors: readonly ScoreFactor[]) => void;

function observeTokens(text: string, see: See): void {
  const trimmed = text.trim();
  if (!trimmed.startsWith("eyJ") || trimmed.length > 16_384) return;
  const claims = jwtClaims(trimmed);
  if (claims === undefined) return;
  if (claims.algorithm.toLowerCase() === "none") {
    see("SR-CONT-013", "it is signed by nobody", {
      name: "signature",
      value: 1.5,
      because: "anybody can write such a token",
    });
  } else if (claims.expires === undefined) see("SR-CONT-013", "it has no end");
}

function observeKubeconfig(config: unknown, see: See): void {
  for (const { name, proof, certificate } of kubeconfigUsers(config).users) {
    if (proof === "") continue;
    const subject = certificateSubject(certificate);
    const isMaster =
      /(?:^|, )O=system:masters(?:,|$)/.test(subject) ||
      /(?:^|, )CN=(?:kubernetes-admin|cluster-admin|system:admin)(?:,|$)/.test(subject);
    const who = subject === "" ? name : subject;
    const factor = {
      name: "identity",
      value: isMaster ? 1.6 : 1,
      because: isMaster ? "an administrator of the cluster" : "somebody",
    };
    see("SR-CONT-012", `it proves by ${proof.replace("-", " ")} to be ${who}`, factor);
  }
}

function certificateValue(values: readonly Value[]): Value | undefined {
  const named =
    values.find(({ key }) => key === "tls.crt") ??
    values.find(({ key }) => /\.(?:crt|pem|cer)$/.test(key) && !key.startsWith("ca"));
  return named?.text?.includes("BEGIN CERTIFICATE") === true ? named : undefined;
}

function certificateOf(values: readonly Value[]): CertificateNote | undefined {
  const value = certificateValue(values);
  const [leaf] = certificatesIn(value?.text ?? "");
  return value === undefined || leaf === undefined ? undefined : certificateNote(leaf, value.path);
}

function observeCertificates(values: readonly Value[]): Observation[] {
  const value = certificateValue(values);
  const key = values.find((each) => each.key === "tls.key") ?? values.find((each) => each.key.endsWith(".key"));
  if (value === undefined || key === undefined) return []; // a bundle of authorities has no key
  const ca = values.find((each) => each.key === "ca.crt");
  return observeTls({
    certificates: certificatesIn(value.text ?? ""),
    certificatePath: value.path,
    key: key.text ?? "",
    keyPath: key.path,
    issuers: certificatesIn(ca?.text ?? ""),
  });
}

/** The last time that somebody wrote values. Source: managedFields of metadata/v1, whose entries have no order. */
function changeTime(secret: unknown): string {
  const times = listField(secret, "metadata", "managedFields").flatMap((entry) => {
    const fields = field(entry, "fieldsV1");
    const writes = field(fields, "f:data") !== undefined || field(fields, "f:stringData") !== undefined;
    return writes ? [textField(entry, "time")] : [];
  });
  return times.sort().at(-1) ?? "";
}

/** Keys of what goes with a credential and is none. */
const publicKeys =
  /^(?:user(?:name|id)?|login|email|host(?:name)?|port|database|db(?:name)?|url|endpoint|region|ca\.crt|tls\.crt|namespace|token-id|description|expiration|auth-extra-groups|usage-.*|known_hosts|.*\.pub)$/i;

/** A value that a reader of the manifest has: neither empty, nor a stand-in, nor encrypted, nor public. */
function isPlain({ key, text, sizeBytes }: Value): boolean {
  if (sizeBytes === 0 || publicKeys.test(key)) return false;
  if (text === undefined) return true;
  if (isPlaceholder(text) || isHarmless(text) || isSetting(text)) return false;
  // A file is one if there is a credential in it; anything else in a Secret is meant to be one.
  if (!text.trim().includes("\n") && parseJson(text) === undefined) return true;
  return findCredentials({ name: key, text }).credentials.length > 0;
}

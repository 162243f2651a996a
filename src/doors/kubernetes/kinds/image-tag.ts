/**
 * The tag in the name of an image.
 *
 * Source: the grammar of github.com/distribution/reference, and k/k
 * pkg/util/parsers/parsers.go.
 */
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainName = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domain = `(?:${domainName}(?:\\.${domainName})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}";
const reference = new RegExp(`^${domain}/${component}(?:/${component})*(?::(${tag}))?(?:@(${digest}))?$`);
/** Longest name that is looked at; a repository has at most 255. */
const nameLengthMax = 1024;

/** The tag; `latest` where neither tag nor digest is given; "" for a digest alone and for what is no image's name. */
export function imageTag(image: string): string {
  if (image.length > nameLengthMax || /^[a-f0-9]{64}$/.test(image)) return "";
  const match = reference.exec(withDomain(image));
  if (match === null) return "";
  return match[1] ?? (match[2] === undefined ? "latest" : "");
}

/** What stands before the first slash is a host only when it looks like one. */
function withDomain(image: string): string {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  return slash > 0 && isHost ? image : `docker.io/${image}`;
}

/** Values that are none: what stands for a value, what is public, and what anybody would try first. */

const templates = [
  /^<[^<>]{0,200}>$/,
  /\$\{[^}]{0,200}\}/,
  /\$\([^)]{0,200}\)/,
  /\{\{/,
  /^\$[A-Za-z_][A-Za-z0-9_]{0,100}$/,
  /^%[A-Za-z_]{1,100}%$/,
  /^\[[^\]]{0,100}\]$/,
  /^__[A-Za-z0-9_]{1,100}__$/,
  /^@[A-Za-z0-9_.]{1,100}@$/,
  /^(?:vault|ref\+[a-z]{1,20}|secretref|op|awssm|gcpsm|azurekeyvault):/i,
];

/** A word by which whoever wrote it said that it is not a value. */
const standsFor =
  /(?:^|[^a-z])(?:example|sample|dummy|fake|placeholder|redacted|replace[-_ ]?me|replace|insert|your|todo|tbd|fixme|omitted|masked|hidden|notset|undefined|null|none|nil|empty|unset|not[-_ ]a[-_ ]real)(?:[^a-z]|$)/i;

const unfilled =
  /^(?:(?:to[-_ ]?be[-_ ]?)?(?:changed?|replaced?|filled?|insert|enter|put|set|add)[-_ ]?)?(?:your|my|the|me|this|here|it|in)?(?:[-_ ]?(?:own|value|password|passwd|token|key|secret|credential|api|name|user(?:name)?|me|here|this))*$/i;

/** Whether nobody has filled in a value: as {@link isPlaceholder}, but nothing that may be a value of use. */
export function isUnfilled(value: string): boolean {
  const text = value.trim();
  if (text.length > 64 || /\n/.test(text)) return false;
  if (templates.some((pattern) => pattern.test(text)) || /^(?:(.)\1{3,}|[x*.•-]{3,})$/iu.test(text)) return true;
  if (
    /^(?:placeholder|todo|tbd|fixme|null|none|undefined|example|dummy|redacted|replace[-_ ]?me|unset|n\/a)$/i.test(text)
  )
    return true;
  return (
    unfilled.test(text) &&
    /^(?:your|change|replace|insert|enter|put|set|add|fill|to[-_ ]?be)/i.test(text) &&
    /[-_ ]/.test(text)
  );
}

/** Whether it stands for a value that comes from elsewhere, or that nobody has filled in. */
export function isPlaceholder(value: string): boolean {
  if (value.length > 2048) return false;
  const text = value.trim();
  if (text.length === 0) return true;
  if (/^(.)\1*$/u.test(text)) return true; // xxxx, ****, 0000
  if (/^[x*.•-]+$/i.test(text)) return true;
  if (templates.some((pattern) => pattern.test(text))) return true;
  return text.length <= 100 && standsFor.test(text);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const digest = /^(?:sha(?:1|256|384|512)[:-]|md5[:-])[0-9a-zA-Z+/=]{16,128}$/;
const encrypted =
  /^(?:ENC\[|age-encryption\.org\/|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)|vault:v[0-9]{1,6}:|\$ANSIBLE_VAULT;|k8s:enc:|Ag[A-D][A-Za-z0-9+/]{250})/;
const publicKey =
  /^(?:ssh-(?:rsa|ed25519|dss) |ecdsa-sha2-|sk-(?:ssh|ecdsa)|-----BEGIN (?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE REQUEST|X509 CRL|PGP PUBLIC KEY BLOCK|DH PARAMETERS|EC PARAMETERS)-----|age1[0-9a-z]{58}$)/;

/** Whether anybody may see it: keys that are public, digests, identifiers, what is encrypted already. */
export function isHarmless(value: string): boolean {
  const text = value.trim();
  return uuid.test(text) || digest.test(text) || encrypted.test(text) || publicKey.test(text);
}

/** Whether it is a word about how things are set rather than a value: a flag, a number, a path, a place, a duration. */
export function isSetting(value: string): boolean {
  const text = value.trim();
  if (
    /^(?:true|false|yes|no|on|off|enabled|disabled|required|optional|always|never|auto|default|file|env|basic|bearer|oauth2?|vault|kubernetes|aws|gcp|azure)$/i.test(
      text,
    )
  ) {
    return true;
  }
  if (/^-?[0-9]{1,7}(?:\.[0-9]{1,6})?(?:ns|us|ms|s|m|h|d|w|[KMGT]i?B?|%)?$/.test(text)) return true;
  if (/^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(text) && /^[\w./\\: -]+$/.test(text)) return true;
  if (/^[a-z][a-z0-9+.-]{1,20}:\/\/[^@\s]*$/i.test(text)) return true;
  if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)) return false; // a bootstrap token, not a host
  return (
    /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?$/.test(text) && /[a-z]{2,}$/.test(text) && !/[0-9]{4}/.test(text)
  );
}

/** What is tried first. */
const dictionary: ReadonlySet<string> = new Set(
  (
    "password passw0rd p@ssw0rd p@ssword pass password1 password123 pass123 secret secret123 secret1 admin admin123 admin1234 " +
    "administrator root root123 toor test test123 testing guest user user123 demo demo123 default changeme changeit change-me " +
    "change_me changethis letmein welcome welcome1 qwerty qwerty123 abc123 12345 123456 1234567 12345678 123456789 1234567890 " +
    "postgres postgresql mysql mariadb mongo mongodb redis rabbitmq elastic grafana prometheus minio minioadmin minio123 " +
    "jenkins nexus sonar keycloak gitlab harbor harbor12345 wordpress drupal joomla oracle manager tomcat s3cret s3cr3t " +
    "iloveyou monkey dragon master foobar foo bar foobarbaz hello hunter2 temp temp123 temporary initial supersecret " +
    "supersecretpassword mysecretpassword my-secret-pw mypassword mysecret app application dev development"
  ).split(" "),
);

/** Whether it is among what is tried first, or shorter than anybody needs to guess. */
export function isGuessable(value: string): boolean {
  const text = value.trim().toLowerCase();
  return dictionary.has(text) || text.length < 6;
}

/**
 * Texts with and without credentials, each labelled, for measuring. Credentials are made up anew in each run, so that
 * none stands in this file.
 */

export interface Labelled {
  /** What it is, in words. */
  readonly label: string;
  readonly name: string;
  readonly text: string;
  /** The rules that must be found; empty for a text without credentials. */
  readonly rules: readonly string[];
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** The same values for the same seed. */
export class Maker {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  text(length: number, alphabet = letters): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join("");
  }

  hex(length: number): string {
    return this.text(length, "0123456789abcdef");
  }
}

const base64Of = (text: string) => Buffer.from(text).toString("base64");
const base64UrlOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token that is signed by nobody. */
export function jwtOf(claims: unknown, make: Maker, algorithm = "RS256"): string {
  return `${base64UrlOf({ alg: algorithm, typ: "JWT" })}.${base64UrlOf(claims)}.${algorithm === "none" ? "" : make.text(86)}`;
}

/** What looks like a private key. */
export function pemOf(kind: string, make: Maker): string {
  const lines = Array.from({ length: 12 }, () => make.text(64)).join("\n");
  return `-----BEGIN ${kind}-----\n${lines}\n-----END ${kind}-----\n`;
}

/** Texts with credentials. */
export function withCredentials(seed: number): Labelled[] {
  const make = new Maker(seed);
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const password = () => `${make.text(9)}!${make.below(90) + 10}k`;
  const named = (label: string, name: string, text: string, ...rules: string[]): Labelled => ({
    label,
    name,
    text,
    rules,
  });
  return [
    named(
      "AWS keys in a file",
      "credentials",
      `[default]\naws_access_key_id = AKIA${make.text(16, upper)}\naws_secret_access_key = ${make.text(40)}\n`,
      "aws-access-key",
      "named-value",
    ),
    named(
      "a GitHub token in a script",
      "run.sh",
      `git clone https://x-access-token:ghp_${make.text(36)}@github.com/a/b`,
      "github-token",
    ),
    named("a GitHub token as a variable", "GITHUB_TOKEN", `ghp_${make.text(36)}`, "github-token"),
    named("a GitLab token", "config.toml", `token = "glpat-${make.text(20)}"`, "gitlab-token"),
    named("a Slack token", "SLACK", `xoxb-${make.text(12, "0123456789")}-${make.text(24)}`, "slack-bot-token"),
    named(
      "a webhook of Slack",
      "alertmanager.yml",
      `slack_api_url: https://hooks.slack.com/services/T${make.text(9, upper)}/B${make.text(9, upper)}/${make.text(24)}`,
      "slack-webhook",
    ),
    named("a live key of Stripe", "app.env", `STRIPE_KEY=sk_live_${make.text(24)}\nDEBUG=false\n`, "stripe-live-key"),
    named("a key of Google", "maps.js", `const key = 'AIza${make.text(35)}';`, "google-api-key"),
    named("a token of Vault", "VAULT_TOKEN", `hvs.${make.text(90)}`, "vault-token"),
    named(
      "a client secret of Azure",
      "AZURE_CLIENT_SECRET",
      `${make.text(3)}8Q~${make.text(34)}`,
      "azure-client-secret",
    ),
    named(
      "a connection string of Azure",
      "STORAGE",
      `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${make.text(86)}==;EndpointSuffix=core.windows.net`,
      "azure-storage-key",
    ),
    named("a token of npm", ".npmrc", `//registry.npmjs.org/:_authToken=npm_${make.text(36)}`, "npm-token"),
    named("a token of Terraform", "x", `${make.text(14)}.atlasv1.${make.text(64)}`, "terraform-token"),
    named("a private key", "tls.key", pemOf("RSA PRIVATE KEY", make), "private-key"),
    named(
      "a key of OpenSSH in YAML",
      "values.yaml",
      `ssh:\n  key: |\n    ${pemOf("OPENSSH PRIVATE KEY", make).replaceAll("\n", "\n    ")}\n`,
      "private-key",
    ),
    named(
      "a key in JSON of Google",
      "sa.json",
      JSON.stringify({
        type: "service_account",
        private_key: pemOf("PRIVATE KEY", make),
        client_email: "a@b.iam.gserviceaccount.com",
      }),
      "private-key",
    ),
    named(
      "a URL of a database",
      "DATABASE_URL",
      `postgres://app:${make.text(14)}@db.prod.svc:5432/shop`,
      "password-in-url",
    ),
    named("a URL of a broker", "config", `broker: amqp://svc:${make.text(14)}@mq:5672/`, "password-in-url"),
    named(
      "a password in properties",
      "application.properties",
      `spring.datasource.username=app\nspring.datasource.password=${password()}\n`,
      "named-value",
    ),
    named("a password in YAML", "config.yaml", `db:\n  host: db\n  password: "${password()}"\n`, "named-value"),
    named(
      "a password in JSON",
      "config.json",
      JSON.stringify({ db: { host: "db", dbPassword: password() } }),
      "named-value",
    ),
    named("a password in INI", "grafana.ini", `[security]\nadmin_password = ${password()}\n`, "named-value"),
    named(
      "a connection string",
      "ConnectionStrings__Main",
      `Server=sql;Database=shop;User Id=app;Password=${password()};`,
      "named-value",
    ),
    named("a flag with a value", "args", `--db-password=${password()}`, "named-value"),
    named("a flag and a value", "args", `--api-token ${make.text(32)}`, "named-value"),
    named("a guessable password", "MYSQL_ROOT_PASSWORD", "changeme", "named-value"),
    named("another one", "config.yaml", "admin:\n  password: admin123\n", "named-value"),
    named("an API key in hexadecimal", "DD_API_KEY", make.hex(32), "named-value"),
    named(
      "a JSON Web Token",
      "token",
      jwtOf({ iss: "https://id.example.com", sub: "ci", exp: 4_102_444_800 }, make),
      "jwt",
    ),
    named(
      "a token of an account",
      "x",
      jwtOf({ iss: "kubernetes/serviceaccount", sub: "system:serviceaccount:a:b" }, make),
      "service-account-token",
    ),
    named(
      "a header",
      "nginx.conf",
      `proxy_set_header Authorization "Basic ${base64Of(`svc:${make.text(12)}`)}";`,
      "authorization-header",
    ),
    named(
      "a bearer token",
      "curl.sh",
      `curl -H 'Authorization: Bearer ${make.text(40)}' https://api`,
      "authorization-header",
    ),
    named(
      "a login to a registry",
      ".dockerconfigjson",
      JSON.stringify({ auths: { "ghcr.io": { auth: base64Of(`bot:${make.text(20)}`) } } }),
      "registry-login",
    ),
    named(
      "a kubeconfig",
      "kubeconfig",
      `apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: "https://api:6443"}\nusers:\n- name: admin\n  user:\n    token: ${make.text(40)}\n`,
      "kubeconfig",
    ),
    named("a password in base64", "data", base64Of(`DB_PASSWORD=${password()}\nDB_HOST=db\n`), "named-value"),
    named("a password in base64, twice", "data", base64Of(base64Of(`password: ${password()}`)), "named-value"),
    named(
      "a value in base64 in a manifest",
      "secret.yaml",
      `kind: Secret\ndata:\n  password: ${base64Of(password())}\n`,
      "named-value",
    ),
    named(
      "a bootstrap token",
      "token",
      `${make.text(6, "abcdef0123456789")}.${make.text(16, "abcdef0123456789")}`,
      "named-value",
    ),
    named(
      "a private key of age",
      "keys.txt",
      `AGE-SECRET-KEY-1${make.text(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")}`,
      "age-key",
    ),
  ];
}

/** Texts that only look like it. */
export function withoutCredentials(seed: number): Labelled[] {
  const make = new Maker(seed);
  const uuid = `${make.hex(8)}-${make.hex(4)}-4${make.hex(3)}-a${make.hex(3)}-${make.hex(12)}`;
  const certificate = pemOf("CERTIFICATE", make);
  const none = (label: string, name: string, text: string): Labelled => ({ label, name, text, rules: [] });
  return [
    none("a file of a password", "POSTGRES_PASSWORD_FILE", "/run/secrets/postgres"),
    none("a path of a token", "VAULT_TOKEN_PATH", "/vault/token"),
    none(
      "a reference of YAML",
      "pod.yaml",
      "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: db, key: password}\n",
    ),
    none("a reference to a whole secret", "pod.yaml", "envFrom:\n- secretRef:\n    name: db-credentials\n"),
    none("a template of a shell", "config.env", 'DB_PASSWORD=${DB_PASSWORD}\nAPI_TOKEN="$(cat /token)"\n'),
    none(
      "a template of Helm",
      "secret.yaml",
      "password: {{ .Values.password | b64enc | quote }}\ntoken: '{{ randAlphaNum 32 }}'\n",
    ),
    none("a blank to fill in", "values.yaml", "password: <your password here>\napiKey: <API_KEY>\n"),
    none(
      "words that stand for a value",
      "values.yaml",
      "password: REPLACE_ME\ntoken: your-token-here\nsecret: example\napiKey: xxxxxxxxxxxx\n",
    ),
    none("nothing", "DB_PASSWORD", ""),
    none("a reference of Vault", "DB_PASSWORD", "vault:secret/data/db#password"),
    none(
      "the name of a secret",
      "values.yaml",
      "existingSecret: postgres-credentials\nsecretName: api-tls\nsecret: my-app-secret\n",
    ),
    none("a certificate", "ca.crt", certificate),
    none("the root certificate of Istio", "root-cert.pem", certificate),
    none("a public key", "jwt.pub", pemOf("PUBLIC KEY", make)),
    none("a public key of SSH", "authorized_keys", `ssh-ed25519 ${make.text(68)} ann@laptop`),
    none("a UUID", "SESSION_SECRET_ID", uuid),
    none("a UUID under a token", "token", uuid),
    none("a digest of an image", "image", `nginx@sha256:${make.hex(64)}`),
    none("a commit", "GIT_SHA", make.hex(40)),
    none("a checksum of Helm", "checksum/config", make.hex(64)),
    none("a checksum of a secret", "checksum/secret", make.hex(64)),
    none(
      "SOPS",
      "secret.yaml",
      `password: ENC[AES256_GCM,data:${make.text(20)}=,iv:${make.text(40)}=,tag:${make.text(22)}==,type:str]\n`,
    ),
    none(
      "a sealed secret",
      "sealed.yaml",
      `kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB${make.text(300)}\n`,
    ),
    none(
      "age",
      "secret.age",
      `-----BEGIN AGE ENCRYPTED FILE-----\n${make.text(64)}\n-----END AGE ENCRYPTED FILE-----\n`,
    ),
    none(
      "a recipient of age",
      ".sops.yaml",
      `creation_rules:\n- age: age1${make.text(58, "qpzry9x8gf2tvdw0s3jn54khce6mua7l")}\n`,
    ),
    none(
      "settings about tokens",
      "config.yaml",
      "tokenTTL: 3600\ntoken_expiration: 24h\npassword_min_length: 12\nsecretRotationEnabled: true\ntokenEndpoint: https://id/token\n",
    ),
    none(
      "a type of authorization",
      "config.yaml",
      "token_type: bearer\nauth_method: password\ngrant_type: client_credentials\n",
    ),
    none("a URL without a password", "DATABASE_URL", "postgres://db.prod.svc:5432/shop"),
    none("a URL with a template", "DATABASE_URL", "postgres://app:$(DB_PASSWORD)@db:5432/shop"),
    none("a URL with a variable", "url", "https://user:${TOKEN}@github.com/a/b"),
    none(
      "a sentence",
      "README",
      "The password must be changed after the first login. Tokens: see the manual. A secret is kept by few.",
    ),
    none("code", "app.js", "function checkPassword(password) { return password === this.password && token != null; }"),
    none(
      "a test for the form of a key",
      "lint.yaml",
      "pattern: 'AKIA[0-9A-Z]{16}'\nother: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    ),
    none("the key of AWS documentation", "doc", "AKIAIOSFODNN7EXAMPLE"),
    none(
      "a word that has another in it",
      "config",
      "tokenizer: bert-base-uncased\nsecretary: ann\nbypass: all\ncompass: north-west-passage\n",
    ),
    none("a public site key", "RECAPTCHA_PUBLIC_KEY", make.text(40)),
    none("Kubernetes's own annotation", "kubernetes.io/service-account.uid", uuid),
    none(
      "the head of a key without one",
      "doc",
      "Paste it between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----.",
    ),
    none("an encrypted value of Vault", "password", `vault:v1:${make.text(60)}`),
    none("a picture", "logo.png", Buffer.from(Array.from({ length: 300 }, () => make.below(256))).toString("base64")),
    none("a hash of a password", "password_hash", make.hex(64)),
    none("a name of a header", "tokenHeader", "X-Auth-Token"),
    none("a host under a token", "tokenService", "sts.eu-west-1.amazonaws.com"),
    none("a switch", "USE_SECRET", "true"),
    none("an id of a key", "AWS_KMS_KEY_ID", `arn:aws:kms:eu-west-1:123456789012:key/${uuid}`),
  ];
}

/** The rows of apiserver pkg/apis/apiserver/validation/validation_test.go, in a file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { loadCel } from "../../cel/cel.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { readAuthenticationConfiguration } from "./authentication-configuration.ts";

const cel = await loadCel();
const issuer = { url: "https://issuer.example", audiences: ["a"] };
const username = { claim: "sub", prefix: "" };
const entry = (more: object = {}) => ({ issuer, claimMappings: { username }, ...more });

function errorOf(file: object): string {
  const text = stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration", ...file });
  try {
    readAuthenticationConfiguration(text, cel, ["https://own.example"]);
    return "";
  } catch (error) {
    if (isStrongroomError(error, "invalid")) return error.message;
    throw error;
  }
}

const issuers: readonly [more: object, message: string][] = [
  [{ url: "" }, "jwt[0].issuer.url: Required value"],
  [{ url: "http://x" }, 'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'],
  [
    { url: "https://u:p@x" },
    'jwt[0].issuer.url: Invalid value: "https://u:p@x": URL must not contain a username or password',
  ],
  [{ url: "https://x?q" }, 'jwt[0].issuer.url: Invalid value: "https://x?q": URL must not contain a query'],
  [{ url: "https://x#f" }, 'jwt[0].issuer.url: Invalid value: "https://x#f": URL must not contain a fragment'],
  [
    { url: "https://own.example" },
    'jwt[0].issuer.url: Invalid value: "https://own.example": URL must not overlap with disallowed issuers: [https://own.example]',
  ],
  [
    { discoveryURL: "https://issuer.example/" },
    'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer.example/": discoveryURL must be different from URL',
  ],
  [{ audiences: [] }, "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required"],
  [
    { audiences: ["a", "b"] },
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
  ],
  [{ audiences: ["a", "a"], audienceMatchPolicy: "MatchAny" }, 'jwt[0].issuer.audiences[1]: Duplicate value: "a"'],
  [
    { certificateAuthority: "x" },
    'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": must have certificates in PEM',
  ],
  [{ extra: 1 }, 'unknown field "jwt[0].issuer.extra"'],
];

for (const [more, message] of issuers) {
  test(`An issuer is refused: ${message}`, () => {
    assert.equal(errorOf({ jwt: [entry({ issuer: { ...issuer, ...more } })] }), message);
  });
}

const entries: readonly [more: object, message: RegExp | ""][] = [
  [{}, ""],
  [{ claimMappings: {} }, /username: Required value: claim or expression is required/],
  [{ claimMappings: { username: { claim: "a", expression: "claims.a" } } }, /claim and expression can't both be set/],
  [
    { claimMappings: { username: { claim: "sub" } } },
    /username.prefix: Required value: prefix is required when claim is set/,
  ],
  [
    { claimMappings: { username: { expression: "claims.sub", prefix: "x" } } },
    /prefix: .*may not be specified when expression is set/,
  ],
  [{ claimMappings: { username: { expression: "claims.email" } } }, /claims.email_verified must be used/],
  [{ claimMappings: { username: { expression: "claims['email']" } } }, /claims.email_verified must be used/],
  [{ claimMappings: { username: { expression: "claims.email_verified ? claims.email : ''" } } }, ""],
  [
    {
      claimMappings: { username: { expression: "claims.email" } },
      claimValidationRules: [{ expression: "claims.email_verified" }],
    },
    "",
  ],
  [{ claimMappings: { username: { expression: "user.name" } } }, /undeclared reference to 'user'/],
  [
    { claimMappings: { username, extra: [{ key: "Example.com/a", valueExpression: "claims.a" }] } },
    /must be lowercase/,
  ],
  [
    { claimMappings: { username, extra: [{ key: "a", valueExpression: "claims.a" }] } },
    /must be a domain-prefixed path/,
  ],
  [
    { claimMappings: { username, extra: [{ key: "x.k8s.io/a", valueExpression: "claims.a" }] } },
    /are reserved for Kubernetes use/,
  ],
  [{ claimMappings: { username, extra: [{ key: "e.com/a" }] } }, /valueExpression: Required value/],
  [{ claimValidationRules: [{}] }, /claimValidationRules\[0\]: Required value: claim or expression is required/],
  [{ claimValidationRules: [{ claim: "a", message: "m" }] }, /message: .*may not be specified when claim is set/],
  [
    { claimValidationRules: [{ expression: "true", requiredValue: "m" }] },
    /requiredValue: .*may not be specified when expression is set/,
  ],
  [{ claimValidationRules: [{ claim: "a" }, { claim: "a" }] }, /claimValidationRules\[1\].claim: Duplicate value: "a"/],
  [{ userValidationRules: [{}] }, /userValidationRules\[0\].expression: Required value/],
  [{ userValidationRules: [{ expression: "claims.x" }] }, /undeclared reference to 'claims'/],
];

for (const [more, message] of entries) {
  test(`An authenticator is ${message === "" ? "good" : `refused: ${message.source}`} (${JSON.stringify(more)})`, () => {
    const found = errorOf({ jwt: [entry(more)] });
    if (message === "") assert.equal(found, "");
    else assert.match(found, message);
  });
}

test("The file as a whole has a type, at most 64 authenticators of different issuers, and anonymous paths only where enabled", () => {
  assert.match(errorOf({ kind: "Other" }), /must be of apiVersion/);
  assert.match(errorOf({ jwt: [entry(), entry()] }), /jwt\[1\].issuer.url: Duplicate value/);
  assert.match(
    errorOf({ jwt: Array.from({ length: 65 }, () => entry()) }),
    /jwt: Too many: 65: must have at most 64 items/,
  );
  assert.match(
    errorOf({ anonymous: { enabled: false, conditions: [{ path: "/x" }] } }),
    /enabled should be set to true/,
  );
  assert.match(errorOf({ jwt: "x", other: 1 }), /unknown field "other", jwt: must be a list/);
  assert.equal(errorOf({}), "");
});

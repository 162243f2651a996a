/**
 * From the claims of a verified token to a user: what must hold of the claims, what the user is called, and what must hold of
 * the user.
 *
 * Source: apiserver pkg/apis/apiserver/validation/validation.go; plugin/pkg/authenticator/token/oidc/oidc.go.
 */
import type { CelCompiler, CelProgram } from "../../cel/cel.ts";
import type { PlainValue } from "../../cel/cel-values.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { refused } from "../tokens/signed-token.ts";
import type { Claims } from "../tokens/signed-token.ts";
import type { User } from "../user.ts";
import type { ConfigurationErrors } from "./configuration-errors.ts";
import type { ConfigurationReader, Mapping } from "./configuration-reader.ts";

interface Reading {
  readonly reader: ConfigurationReader;
  readonly errors: ConfigurationErrors;
  readonly cel: CelCompiler;
}

interface ClaimMapping {
  readonly claim: string;
  readonly prefix: string;
  readonly program: CelProgram | undefined;
}

interface Requirement {
  readonly program: CelProgram;
  readonly expression: string;
  readonly message: string;
}

/** Most steps of one expression. */
const costMax = 10_000;
const ofClaims: ReadonlySet<string> = new Set(["claims"]);
const ofUser: ReadonlySet<string> = new Set(["user"]);

export class ClaimRules {
  readonly #requiredClaims: { readonly claim: string; readonly value: string }[] = [];
  readonly #claimRequirements: Requirement[] = [];
  readonly #userRequirements: Requirement[] = [];
  readonly #username: ClaimMapping;
  readonly #groups: ClaimMapping;
  readonly #uid: ClaimMapping;
  readonly #extra: { readonly key: string; readonly program: CelProgram }[] = [];

  /** Errors of the configuration are noted by field. */
  constructor(reading: Reading, mapping: Mapping, path: string) {
    this.#readClaimRules(reading, mapping["claimValidationRules"], `${path}.claimValidationRules`);
    const at = `${path}.claimMappings`;
    const mappings = reading.reader.mapping(mapping["claimMappings"], at, ["username", "groups", "uid", "extra"]);
    this.#username = readMapping(reading, mappings["username"], `${at}.username`, { required: true, prefixed: true });
    this.#groups = readMapping(reading, mappings["groups"], `${at}.groups`, { required: false, prefixed: true });
    this.#uid = readMapping(reading, mappings["uid"], `${at}.uid`, { required: false, prefixed: false });
    this.#readExtra(reading, mappings["extra"], `${at}.extra`);
    this.#readUserRules(reading, mapping["userValidationRules"], `${path}.userValidationRules`);
    this.#requireVerifiedEmail(reading.errors, `${at}.username.expression`);
  }

  /** The user that the claims are of, without `system:authenticated`. Raises `unauthenticated`. */
  userOf(claims: Claims): User {
    const plain = claims as Readonly<Record<string, PlainValue>>; // claims are parsed JSON
    const user: User = {
      name: this.#nameOf(plain),
      groups: this.#groupsOf(plain),
      uid: this.#uidOf(plain),
      extra: this.#extraOf(plain),
    };
    this.#requireClaims(plain);
    this.#requireUser(user);
    return user;
  }

  #readClaimRules({ reader, errors, cel }: Reading, value: unknown, path: string): void {
    const seen = new Set<string>();
    reader.list(value, path).forEach((entry, index) => {
      const at = `${path}[${index}]`;
      const rule = reader.mapping(entry, at, ["claim", "requiredValue", "expression", "message"]);
      const [claim, expression] = [reader.text(rule, "claim", at), reader.text(rule, "expression", at)];
      const [value, message] = [reader.text(rule, "requiredValue", at), reader.text(rule, "message", at)];
      if (claim !== "" && expression !== "") return errors.invalid(at, claim, "claim and expression can't both be set");
      if (claim === "" && expression === "") return errors.required(at, "claim or expression is required");
      const field = claim === "" ? "expression" : "claim";
      if (seen.has(`${field} ${claim}${expression}`)) return errors.duplicate(`${at}.${field}`, claim + expression);
      seen.add(`${field} ${claim}${expression}`);
      if (claim !== "") {
        if (message !== "") errors.invalid(`${at}.message`, message, "may not be specified when claim is set");
        this.#requiredClaims.push({ claim, value });
        return undefined;
      }
      if (value !== "") errors.invalid(`${at}.requiredValue`, value, "may not be specified when expression is set");
      const program = compile({ errors, cel }, expression, ofClaims, `${at}.expression`);
      if (program !== undefined) this.#claimRequirements.push({ program, expression, message });
      return undefined;
    });
  }

  #readUserRules({ reader, errors, cel }: Reading, value: unknown, path: string): void {
    const seen = new Set<string>();
    reader.list(value, path).forEach((entry, index) => {
      const at = `${path}[${index}]`;
      const rule = reader.mapping(entry, at, ["expression", "message"]);
      const expression = reader.text(rule, "expression", at);
      if (expression === "") return errors.required(`${at}.expression`);
      if (seen.has(expression)) return errors.duplicate(`${at}.expression`, expression);
      seen.add(expression);
      const program = compile({ errors, cel }, expression, ofUser, `${at}.expression`);
      const message = reader.text(rule, "message", at);
      if (program !== undefined) this.#userRequirements.push({ program, expression, message });
      return undefined;
    });
  }

  #readExtra({ reader, errors, cel }: Reading, value: unknown, path: string): void {
    const seen = new Set<string>();
    reader.list(value, path).forEach((entry, index) => {
      const at = `${path}[${index}]`;
      const extra = reader.mapping(entry, at, ["key", "valueExpression"]);
      const [key, expression] = [reader.text(extra, "key", at), reader.text(extra, "valueExpression", at)];
      checkExtraKey(key, `${at}.key`, errors);
      if (seen.has(key)) return errors.duplicate(`${at}.key`, key);
      seen.add(key);
      if (expression === "") return errors.required(`${at}.valueExpression`);
      const program = compile({ errors, cel }, expression, ofClaims, `${at}.valueExpression`);
      if (program !== undefined) this.#extra.push({ key, program });
      return undefined;
    });
  }

  /** A name that is an address which nobody has verified could be anybody's. */
  #requireVerifiedEmail(errors: ConfigurationErrors, path: string): void {
    const { program } = this.#username;
    if (program?.selects.has("claims.email") !== true) return;
    const programs = [program, ...this.#extra.map((extra) => extra.program)];
    for (const requirement of this.#claimRequirements) programs.push(requirement.program);
    if (programs.some(({ selects }) => selects.has("claims.email_verified"))) return;
    const detail =
      "claims.email_verified must be used in claimMappings.username.expression or " +
      "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in " +
      "claimMappings.username.expression";
    errors.invalid(path, "", detail);
  }

  #nameOf(claims: Readonly<Record<string, PlainValue>>): string {
    const { claim, prefix, program } = this.#username;
    if (program !== undefined) {
      const name = evaluate(program, { claims }, "username claim expression");
      if (typeof name !== "string") {
        throw refused(
          "oidc: error evaluating username claim expression: username claim expression must return a string",
        );
      }
      if (name === "") throw refused("oidc: empty username via CEL expression is not allowed");
      return name;
    }
    const value = claimOf(claims, claim);
    if (typeof value !== "string") throw refused(`oidc: parse username claims ${JSON.stringify(claim)}`);
    const verified = claimOf(claims, "email_verified");
    if (claim === "email" && verified !== undefined && verified !== true) throw refused("oidc: email not verified");
    return prefix + value;
  }

  #groupsOf(claims: Readonly<Record<string, PlainValue>>): string[] {
    const { claim, prefix, program } = this.#groups;
    if (program !== undefined)
      return listOf(evaluate(program, { claims }, "group claim expression"), "group claim expression");
    const value = claim === "" ? undefined : claimOf(claims, claim);
    if (value === undefined) return [];
    const groups = typeof value === "string" ? [value] : value;
    if (!isTexts(groups)) throw refused(`oidc: parse groups claim ${JSON.stringify(claim)}`);
    return groups.map((group) => prefix + group);
  }

  #uidOf(claims: Readonly<Record<string, PlainValue>>): string | undefined {
    const { claim, program } = this.#uid;
    if (claim === "" && program === undefined) return undefined;
    const value =
      program === undefined ? claimOf(claims, claim) : evaluate(program, { claims }, "uid claim expression");
    if (typeof value !== "string") throw refused(`oidc: the uid must be a string`);
    return value;
  }

  #extraOf(claims: Readonly<Record<string, PlainValue>>): Map<string, readonly string[]> {
    const extra = new Map<string, readonly string[]>();
    const id = claimOf(claims, "jti");
    if (typeof id === "string") extra.set("authentication.kubernetes.io/credential-id", [`JTI=${id}`]);
    for (const { key, program } of this.#extra) {
      const values = listOf(evaluate(program, { claims }, "extra claim expression"), "extra claim expression");
      if (values.length > 0) extra.set(key, values);
    }
    return extra;
  }

  #requireClaims(claims: Readonly<Record<string, PlainValue>>): void {
    for (const { claim, value } of this.#requiredClaims) {
      const found = claimOf(claims, claim);
      if (found === undefined) throw refused(`oidc: required claim ${claim} not present in ID token`);
      // What it has is not told: the text goes to whoever reviews tokens.
      if (found !== value) throw refused(`oidc: required claim ${claim} value does not match`);
    }
    requireAll(this.#claimRequirements, { claims }, "claim validation expression");
  }

  #requireUser({ name, groups, uid, extra }: User): void {
    const user = { username: name, groups: [...groups], uid: uid ?? "", extra: Object.fromEntries(plainExtra(extra)) };
    requireAll(this.#userRequirements, { user }, "user info validation rule");
  }
}

function plainExtra(extra: User["extra"]): [string, string[]][] {
  return [...extra].map(([key, values]) => [key, [...values]]);
}

function claimOf(claims: Readonly<Record<string, PlainValue>>, name: string): PlainValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function requireAll(requirements: readonly Requirement[], variables: Record<string, PlainValue>, what: string): void {
  for (const { program, expression, message } of requirements) {
    if (evaluate(program, variables, what) === true) continue;
    throw refused(
      `oidc: error evaluating ${what}: ${message === "" ? `validation expression '${expression}' failed` : message}`,
    );
  }
}

function evaluate(program: CelProgram, variables: Record<string, PlainValue>, what: string): PlainValue {
  try {
    return program.evaluate(variables, costMax);
  } catch (error) {
    if (!isStrongroomError(error, "invalid")) throw error;
    throw refused(`oidc: error evaluating ${what}: ${error.message}`);
  }
}

/** A string, a list of strings, or nothing. */
function listOf(value: PlainValue, what: string): string[] {
  if (value === null || value === "") return [];
  const texts = typeof value === "string" ? [value] : value;
  if (!isTexts(texts))
    throw refused(`oidc: error evaluating ${what}: expression must return a string or a list of strings`);
  return [...texts];
}

function isTexts(value: PlainValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function readMapping(
  { reader, errors, cel }: Reading,
  value: unknown,
  path: string,
  { required, prefixed }: { readonly required: boolean; readonly prefixed: boolean },
): ClaimMapping {
  const mapping = reader.mapping(value, path, ["claim", "expression", ...(prefixed ? ["prefix"] : [])]);
  const [claim, expression] = [reader.text(mapping, "claim", path), reader.text(mapping, "expression", path)];
  const prefix = reader.optionalText(mapping, "prefix", path);
  const none = { claim: "", prefix: "", program: undefined };
  if (claim !== "" && expression !== "") {
    errors.invalid(path, "", "claim and expression can't both be set");
    return none;
  }
  if (expression !== "") {
    if (prefix !== undefined) errors.invalid(`${path}.prefix`, prefix, "may not be specified when expression is set");
    return { ...none, program: compile({ errors, cel }, expression, ofClaims, `${path}.expression`) };
  }
  if (claim === "") {
    if (required) errors.required(path, "claim or expression is required");
    return none;
  }
  if (prefixed && prefix === undefined) {
    const why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
    errors.required(`${path}.prefix`, why);
  }
  return { claim, prefix: prefix ?? "", program: undefined };
}

function compile(
  { errors, cel }: Pick<Reading, "errors" | "cel">,
  expression: string,
  variables: ReadonlySet<string>,
  path: string,
): CelProgram | undefined {
  try {
    return cel.compile(expression, variables);
  } catch (error) {
    if (!isStrongroomError(error, "invalid")) throw error;
    errors.invalid(path, expression, `compilation failed: ${error.message}`);
    return undefined;
  }
}

function checkExtraKey(key: string, path: string, errors: ConfigurationErrors): void {
  if (key === "") return errors.required(path);
  const [domain = "", name = "", ...more] = key.split("/");
  if (domain === "" || name === "" || more.length > 0 || !/^[a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(domain)) {
    errors.invalid(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")');
  }
  if (key !== key.toLowerCase()) errors.invalid(path, key, "must be lowercase");
  if (/(^|\.)(kubernetes\.io|k8s\.io)$/.test(domain)) {
    errors.invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
  }
  return undefined;
}

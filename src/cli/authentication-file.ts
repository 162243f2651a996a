/** The part of the configuration file about who is asking. */
import {
  defaultAuthentication,
  defaultFrontProxyNames,
} from "../doors/kubernetes/authentication/authentication-config.ts";
import type { AuthenticationConfig } from "../doors/kubernetes/authentication/authentication-config.ts";
import { usageError } from "./command-failure.ts";
import { duration, list, mapping, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";

export type AuthenticationFile = Fields<AuthenticationFields>;

interface AuthenticationFields {
  configurationFile: string;
  tokenFile: string;
  anonymousPaths: readonly string[];
  serviceAccounts: Fields<{ issuers: readonly string[]; audiences: readonly string[]; tokenLifeMax: number }>;
  frontProxy: Fields<{
    authoritiesFile: string;
    allowedNames: readonly string[];
    usernameHeaders: readonly string[];
    uidHeaders: readonly string[];
    groupHeaders: readonly string[];
    extraHeaderPrefixes: readonly string[];
  }>;
}

export const anonymousPathForm = "a path without a query, such as /version";
export const issuerForm = "a name, or a URL when it has a colon";

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

export function authenticationReader(directory: string): FieldReader<AuthenticationFile> {
  const path = pathFrom(directory);
  const words = list(text((word) => (/^[!-~]+$/.test(word) ? word : undefined), "a word"));
  const header = list(text((name) => (/^[A-Za-z0-9-]+$/.test(name) ? name : undefined), "the name of a header"));
  return mapping<AuthenticationFields>({
    configurationFile: path,
    tokenFile: path,
    anonymousPaths: list(text((value) => (isAnonymousPath(value) ? value : undefined), anonymousPathForm)),
    serviceAccounts: mapping({
      issuers: list(text((value) => (isIssuer(value) ? value : undefined), issuerForm)),
      audiences: words,
      tokenLifeMax: duration({ minMs: hourMs, maxMs: 3650 * dayMs }),
    }),
    frontProxy: mapping({
      authoritiesFile: path,
      allowedNames: list(text((name) => (name === "" ? undefined : name), "a common name")),
      usernameHeaders: header,
      uidHeaders: header,
      groupHeaders: header,
      extraHeaderPrefixes: header,
    }),
  });
}

export function isAnonymousPath(value: string): boolean {
  return /^\/[!-~]*$/.test(value) && !/[?#]/.test(value);
}

/** As upstream checks it. */
export function isIssuer(value: string): boolean {
  return /^[!-~]+$/.test(value) && (!value.includes(":") || URL.canParse(value));
}

/** What flags say of it. */
export interface AuthenticationFlags {
  readonly configurationFile: string | undefined;
  readonly tokenFile: string | undefined;
  readonly anonymousPaths: readonly string[] | undefined;
  readonly issuers: readonly string[] | undefined;
}

/** Flags, the file, the defaults. Raises a usage error. */
export function authenticationConfig(flags: AuthenticationFlags, file: AuthenticationFile): AuthenticationConfig {
  const { serviceAccounts = {}, frontProxy } = file;
  const issuers = flags.issuers ?? serviceAccounts.issuers ?? defaultAuthentication.issuers;
  if (issuers.length === 0) throw usageError("authentication.serviceAccounts.issuers must name at least one issuer");
  return {
    issuers,
    audiences: serviceAccounts.audiences ?? issuers,
    tokenLifeSecondsMax: (serviceAccounts.tokenLifeMax ?? 0) / 1000,
    anonymousPaths: flags.anonymousPaths ?? file.anonymousPaths ?? defaultAuthentication.anonymousPaths,
    configurationFile: flags.configurationFile ?? file.configurationFile,
    tokenFile: flags.tokenFile ?? file.tokenFile,
    frontProxy: frontProxy === undefined ? undefined : frontProxyConfig(frontProxy),
  };
}

function frontProxyConfig(file: NonNullable<AuthenticationFile["frontProxy"]>): AuthenticationConfig["frontProxy"] {
  const { authoritiesFile } = file;
  if (authoritiesFile === undefined) throw usageError("authentication.frontProxy.authoritiesFile must be given");
  return { ...defaultFrontProxyNames, ...file, authoritiesFile };
}

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { anonymousUserName, authenticatedGroup, unauthenticatedGroup } from "../user.ts";

/** Longest name of a user or a group in a certificate, in UTF-16 units. */
export const subjectNameLengthMax = 256;
/** Most groups in a certificate. */
export const subjectGroupsMax = 100;

/** Who a client certificate speaks for: user name (CN) and groups (O), in order. */
export interface Subject {
  readonly userName: string;
  readonly groups: readonly string[];
}

/**
 * Whether a name may stand for a user or group: 1 to 256 well-formed characters, none of them a control
 * character. A NUL or a line end in a name would read differently in a log, an audit file
 * or a C string than in the decision that was made with it.
 */
export function isSubjectName(name: string): boolean {
  return name.length >= 1 && name.length <= subjectNameLengthMax && name.isWellFormed() && !/\p{Cc}/u.test(name);
}

/**
 * Raises `invalid` unless a certificate may be issued for the subject: proper names, at most 100 groups, each
 * once, and none of the names that the server itself gives to callers.
 */
export function checkSubject(subject: Subject): void {
  const { userName, groups } = subject;
  if (![userName, ...groups].every(isSubjectName)) {
    throw invalid(`user and group names must have 1 to ${subjectNameLengthMax} characters and no control characters`);
  }
  if (userName === anonymousUserName) throw invalid(`the user name must not be ${anonymousUserName}`);
  if (groups.length > subjectGroupsMax) throw invalid(`a certificate must name at most ${subjectGroupsMax} groups`);
  if (new Set(groups).size !== groups.length) throw invalid("each group must be named once");
  if (groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup)) {
    throw invalid(`the groups ${authenticatedGroup} and ${unauthenticatedGroup} must be left to the server`);
  }
}

function invalid(message: string): StrongroomError {
  return new StrongroomError("invalid", message);
}

/** Which deleted secret is meant, of several that had the same name. */
import { CommandFailure } from "./command-failure.ts";
import type { FlagValues } from "./flags.ts";
import { valueFlag } from "./flags.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";
import type { DeletedObject, SecretPlace } from "./secret-source.ts";

export const uidFlag = valueFlag(
  "uid",
  "UID",
  "Which one, where several of the name were deleted: what is behind the last dot of kubectl get deletedsecrets.",
);

/** The one with the uid, or the one that was deleted last. Raises {@link CommandFailure} when there is none. */
export function chosenDeleted(deleted: readonly DeletedObject[], place: SecretPlace, flags: FlagValues): DeletedObject {
  const uid = flags.one(uidFlag);
  const meant = uid === undefined ? deleted : deleted.filter(({ metadata }) => metadata.name.endsWith(`.${uid}`));
  const [last] = meant.toSorted((a, b) => (a.deleted < b.deleted ? 1 : -1));
  if (last !== undefined) return last;
  const what = `${place.namespace}/${place.name}`;
  const message =
    uid === undefined ? `${what} must be in the trash` : `${what} with the uid ${uid} must be in the trash`;
  const advice = `See what is: kubectl get deletedsecrets -n ${place.namespace}`;
  throw new CommandFailure(printable(message), { exitCode: exitCodes.failure, advice: printable(advice) });
}

/** What a change gives to whom, and takes from whom, as sentences. */
import { secretsText } from "../sight/questions/access-change.ts";
import type { AccessGain } from "../sight/questions/access-change.ts";
import { pictureFrom, pictureOf } from "../sight/questions/picture.ts";
import type { Picture } from "../sight/questions/picture.ts";
import { objectText } from "../sight/questions/principal.ts";
import type { AccessChange } from "../sight/questions/what-if.ts";
import { stepLines } from "./sight-text.ts";

/** The sentences; `what` names the change: `Applying this`. */
export function accessChangeLines(what: string, { gained, lost, unresolved }: AccessChange): string[] {
  const nothing = gained.length + lost.length === 0;
  return [
    nothing
      ? `${what} changes nothing about who reads which secret, as far as it is known.`
      : `${what}: ${counted(gained, "gain")}, ${counted(lost, "lose")}.`,
    ...folded(gained).flatMap((group) => ["", ...groupLines(group, "would read", "gains")]),
    ...folded(lost).flatMap((group) => ["", ...groupLines(group, "would no longer read", "loses")]),
    ...unresolved.flatMap(({ binding, role }) => ["", `Unknown: what ${binding} gives, since ${role} is not there.`]),
  ];
}

function counted(gains: readonly AccessGain[], word: string): string {
  const who = new Set(gains.map(({ principal }) => objectText(principal))).size;
  if (who === 0) return `nobody ${word}s a secret`;
  return who === 1 ? `1 identity ${word}s secrets` : `${who} identities ${word} secrets`;
}

/** Who gains the same as a member of a group is told with the group. */
export interface GainGroup {
  readonly gain: AccessGain;
  readonly members: readonly string[];
}

/** In the order of the gains. */
export function folded(gains: readonly AccessGain[]): GainGroup[] {
  const groups = new Map<string, { gain: AccessGain; members: string[] }>();
  const isMember = ({ path }: AccessGain) => path[0]?.edge === "member-of";
  const key = (who: string, gain: AccessGain) => `${who}\n${secretsText(gain.secrets)}`;
  for (const gain of gains) {
    if (!isMember(gain)) groups.set(key(objectText(gain.principal), gain), { gain, members: [] });
  }
  for (const gain of gains.filter(isMember)) {
    const group = groups.get(key(gain.path[0]?.to ?? "", gain));
    if (group === undefined) groups.set(key(objectText(gain.principal), gain), { gain, members: [] });
    else group.members.push(objectText(gain.principal));
  }
  return [...groups.values()];
}

const namesMax = 5;

/** `Names, the first ones, and N more`. */
export function someOf(names: readonly string[]): string {
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : "";
  return names.slice(0, namesMax).join(", ") + more;
}

function groupLines({ gain, members }: GainGroup, verb: string, sign: string): string[] {
  const steps = gain.direct ? "directly" : `in ${gain.hops} step${gain.hops === 1 ? "" : "s"}`;
  return [
    `${sign}: ${objectText(gain.principal)} ${verb} ${secretsText(gain.secrets)}, ${steps}`,
    ...gain.path.flatMap((step, index) => stepLines(step, index + 1)),
    ...(members.length === 0 ? [] : [`  and as members of it: ${someOf(members)}`]),
  ];
}

/** What is gained in full lines, what is lost dashed. */
export function accessChangePicture({ gained, lost }: AccessChange): Picture {
  const drawn = [
    pictureOf(gained.map(({ path }) => path)),
    pictureOf(
      lost.map(({ path }) => path),
      true,
    ),
  ];
  return pictureFrom(drawn.flatMap(({ edges }) => edges));
}

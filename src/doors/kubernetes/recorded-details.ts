/** What the details of a Status say on record: what it is about, without causes, which quote what was sent. */
import type { ResponseStatus } from "../../audit/audit-event.ts";
import type { StatusDetails } from "./api-error.ts";

export function recordedDetails(details: StatusDetails): NonNullable<ResponseStatus["details"]> {
  const { name = "", group = "", kind = "", uid = "", retryAfterSeconds } = details;
  return {
    ...(name !== "" && { name }),
    ...(group !== "" && { group }),
    ...(kind !== "" && { kind }),
    ...(uid !== "" && { uid }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

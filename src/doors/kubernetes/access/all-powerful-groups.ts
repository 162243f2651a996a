import { adminGroup, superAdminGroup } from "../../../identity/user.ts";

/**
 * Groups that may do everything whatever roles and bindings say: upstream's, and that of the host's administrator, who
 * could read the data directory anyway and must be able to repair what locked everybody out.
 */
export const allPowerfulGroups: readonly string[] = [superAdminGroup, adminGroup];

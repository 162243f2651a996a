/** The door that what a cluster reports is on record by, so that one can ask for it: no door of ours has a colon in its name. */
const prefix = "cluster:";

export function doorOfCluster(cluster: string): string {
  return `${prefix}${cluster}`;
}

/** The cluster that reported what has this door; "" where this server saw it itself. */
export function clusterOfDoor(door: string): string {
  return door.startsWith(prefix) ? door.slice(prefix.length) : "";
}

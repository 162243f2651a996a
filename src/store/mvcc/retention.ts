/** How much history is kept, whichever bound is reached first. */
export interface Retention {
  /** Age of revisions, in milliseconds. Default: 24 hours. */
  readonly ageMsMax: number;
  /** Bytes that superseded records take (values, and 200 bytes for each). Default: 1 GiB. */
  readonly supersededBytesMax: number;
  /** Milliseconds between two looks at both. Default: 10 seconds. */
  readonly intervalMs: number;
}

/** The default retention. */
export const retentionDefault: Retention = {
  ageMsMax: 24 * 60 * 60 * 1000,
  supersededBytesMax: 1024 * 1024 * 1024,
  intervalMs: 10_000,
};

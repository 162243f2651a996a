/** The status codes of gRPC that we answer with. Source: grpc/doc/statuscodes.md. */
export const grpcCodes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
export type GrpcCode = (typeof grpcCodes)[keyof typeof grpcCodes];

/** A status other than OK, as the client gets it. The message never has a value of a secret in it. */
export class GrpcError extends Error {
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "GrpcError";
    this.code = code;
  }
}

/** `grpc-message`: UTF-8, with everything but printable ASCII, and `%`, in percent encoding. */
export function encodeStatusMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message, "utf8")) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The inverse of {@link encodeStatusMessage}, at most 512 characters of it; what is no percent encoding stays as it is. */
export function decodeStatusMessage(encoded: string): string {
  const decoded = encoded.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
  return decoded.slice(0, 512);
}

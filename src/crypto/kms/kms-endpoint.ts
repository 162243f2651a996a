import { StrongroomError } from "../../errors/strongroom-error.ts";

const scheme = "unix://";

/**
 * The path of an endpoint. Raises `invalid` for another scheme than unix, and for sockets without a file (`unix:///@name`), which upstream
 * takes: whoever binds such a name first has it, and would be sent seeds.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/envelope/kmsv2/grpc_service.go.
 */
export function socketPathOf(endpoint: string): string {
  const path = endpoint.startsWith(scheme) ? endpoint.slice(scheme.length) : "";
  if (/^\/[^@]/.test(path)) return path;
  throw new StrongroomError(
    "invalid",
    "the endpoint of a KMS plugin must be unix:// and the absolute path of its socket, which must be a file",
  );
}

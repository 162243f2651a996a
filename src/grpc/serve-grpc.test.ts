import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { startGrpcServer } from "../../test/support/grpc-server.ts";
import { frame } from "./frames.ts";
import { grpcCodes } from "./grpc-status.ts";

const path = "/test.Test/Method";

/** The status of a call that says how long it waits. */
async function statusOf(url: string, timeout: string): Promise<number> {
  const session = connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      "grpc-timeout": timeout,
    });
    let status = -1;
    const take = (headers: Record<string, unknown>) => (status = Number(headers["grpc-status"] ?? status));
    stream.on("response", take).on("trailers", take).resume();
    stream.end(frame(Buffer.from("asked")));
    await new Promise((resolve) => stream.once("close", resolve));
    return status;
  } finally {
    session.destroy();
  }
}

test("A call that only reads ends when its client has waited as long as it said, and no sooner", async () => {
  const never = () => new Promise<Uint8Array>(() => {});
  await using stuck = await startGrpcServer({ [path]: { onlyReads: true, run: never } });
  await using quick = await startGrpcServer({ [path]: { onlyReads: true, run: async () => Buffer.alloc(1) } });
  for (const timeout of ["20m", "20000u", "0S", "1n"]) {
    assert.equal(await statusOf(stuck.url, timeout), grpcCodes.deadlineExceeded, timeout);
  }
  for (const timeout of ["10S", "99999999H", "1M"])
    assert.equal(await statusOf(quick.url, timeout), grpcCodes.ok, timeout);
  for (const timeout of ["", "1", "S", "123456789S", "1s", "-1S", "1.5S"]) {
    assert.equal(await statusOf(quick.url, timeout), grpcCodes.invalidArgument, timeout);
  }
});

test("A call that may write is answered with what became of it, however long its client said that it waits", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await using server = await startGrpcServer({
    [path]: {
      onlyReads: false,
      async run() {
        await held;
        return Buffer.alloc(1);
      },
    },
  });
  const answered = statusOf(server.url, "1m");
  // Another call that has waited for longer than that.
  await using stuck = await startGrpcServer({
    [path]: { onlyReads: true, run: () => held.then(() => Buffer.alloc(0)) },
  });
  assert.equal(await statusOf(stuck.url, "30m"), grpcCodes.deadlineExceeded);
  release();
  assert.equal(await answered, grpcCodes.ok);
});

-- The requests of one run, by the environment:
--   BENCH_MODE    get | get-each | create | update | apply
--   BENCH_PATH    of the object (get) or of the collection (the others)
--   BENCH_PREFIX  of the names: create makes PREFIX-1, -2, ...; the others take PREFIX-1 to -BENCH_COUNT in turn
--   BENCH_SIZE    bytes of the value
--   BENCH_TOKEN   sent with each request; empty for none
-- Prints one line of JSON that begins with "BENCH " at the end.
if os.getenv("BENCH_CERT") ~= "" then dofile(os.getenv("BENCH_SCRIPTS") .. "/client-certificate.lua") end

local mode = os.getenv("BENCH_MODE")
local path = os.getenv("BENCH_PATH")
local prefix = os.getenv("BENCH_PREFIX")
local count = tonumber(os.getenv("BENCH_COUNT") or "1")
local size = tonumber(os.getenv("BENCH_SIZE") or "1024")

local token = os.getenv("BENCH_TOKEN") or ""
local authorization = token ~= "" and "Bearer " .. token or nil
local get_headers = authorization and { ["Authorization"] = authorization } or nil
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = authorization }
local apply_headers = { ["Content-Type"] = "application/apply-patch+yaml", ["Authorization"] = authorization }
-- "x" repeated is its own base64 of some bytes; the last 12 characters make each value another one.
local filler = string.rep("x", math.ceil(size / 3) * 4 - 12)
local number = 0

local function body(name)
  return string.format(
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},"type":"Opaque","data":{"value":"%s%012d"}}',
    name,
    filler,
    number
  )
end

request = function()
  number = number + 1
  if mode == "get" then return wrk.format("GET", path, get_headers) end
  if mode == "create" then return wrk.format("POST", path, headers, body(prefix .. "-" .. number)) end
  local name = prefix .. "-" .. (number % count + 1)
  if mode == "get-each" then return wrk.format("GET", path .. "/" .. name, get_headers) end
  if mode == "apply" then
    return wrk.format("PATCH", path .. "/" .. name .. "?fieldManager=bench", apply_headers, body(name))
  end
  return wrk.format("PUT", path .. "/" .. name, headers, body(name))
end

done = function(summary, latency, _)
  local errors = summary.errors
  io.write(
    string.format(
      'BENCH {"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50Ms":%.3f,"p99Ms":%.3f}\n',
      summary.requests,
      summary.duration / 1e6,
      errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3
    )
  )
end

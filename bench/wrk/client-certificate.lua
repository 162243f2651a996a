-- Gives wrk a client certificate, which it has no option for.
--
-- wrk makes its TLS context before it loads a script and keeps it in a variable of
-- its own. This finds the context in wrk's memory - the one object of the heap
-- that one of wrk's variables points to and that names TLS_client_method - and
-- hands OpenSSL the files named by BENCH_CERT and BENCH_KEY. When it is not found,
-- the requests are refused with 401 and the caller uses another generator.
local ffi = require("ffi")

ffi.cdef([[
  const void *TLS_client_method(void);
  int SSL_CTX_use_certificate_chain_file(void *ctx, const char *file);
  int SSL_CTX_use_PrivateKey_file(void *ctx, const char *file, int type);
]])

local pem = 1
local methodFieldsMax = 4

-- Ranges of memory by what they map: { first, last } as doubles, exact below 2^53.
local function ranges()
  local own, heap = {}, {}
  local last
  for line in io.lines("/proc/self/maps") do
    local from, to, mode, path = line:match("^(%x+)-(%x+) (%S+) %S+ %S+ %S+%s*(.*)$")
    local range = { tonumber(from, 16), tonumber(to, 16) }
    if path:match("/wrk$") then last = range end
    if mode:match("^rw") and path:match("/wrk$") then own[#own + 1] = range end
    -- Variables without an initial value are mapped behind the file, without a name.
    if mode:match("^rw") and path == "" and last and range[1] == last[2] then own[#own + 1] = range end
    if path == "[heap]" then heap[#heap + 1] = range end
  end
  return own, heap
end

local function inside(address, list)
  for _, range in ipairs(list) do
    if address >= range[1] and address + 64 <= range[2] then return true end
  end
  return false
end

local function findContext()
  local own, heap = ranges()
  local method = ffi.C.TLS_client_method()
  for _, range in ipairs(own) do
    local words = ffi.cast("uintptr_t *", range[1])
    for index = 0, (range[2] - range[1]) / 8 - 1 do
      local address = tonumber(words[index])
      if address % 16 == 0 and inside(address, heap) then
        local fields = ffi.cast("const void **", address)
        for field = 0, methodFieldsMax - 1 do
          if fields[field] == method then return ffi.cast("void *", address) end
        end
      end
    end
  end
  return nil
end

local context = findContext()
if context ~= nil then
  ffi.C.SSL_CTX_use_certificate_chain_file(context, os.getenv("BENCH_CERT"))
  ffi.C.SSL_CTX_use_PrivateKey_file(context, os.getenv("BENCH_KEY"), pem)
end

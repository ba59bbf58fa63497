-- wrk: client_credentials, with the client's secret in AUTHORIZATION, or with the next line of the file
-- ASSERTIONS each time. Every answer must have a token with a `jti` that no other has.
local ffi, bit = require("ffi"), require("bit")

local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
headers["Authorization"] = os.getenv("AUTHORIZATION")
local body = "grant_type=client_credentials&scope=read+write"
local file = os.getenv("ASSERTIONS")
local assertions = file and io.open(file)
local presented = body
  .. "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="

local failed = 0
local function fail(...)
  failed = failed + 1
  if failed == 1 then print("FAILED", ...) end
end

function request()
  if not assertions then return wrk.format("POST", "/token", headers, body) end
  local assertion = assertions:read("*l")
  if not assertion then
    fail("no assertion is left")
    assertion = ""
  end
  return wrk.format("POST", "/token", headers, presented .. assertion)
end

local digits = ffi.new("uint8_t[128]")
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
for at = 1, 64 do digits[alphabet:byte(at)] = at - 1 end
local bytes = ffi.new("uint8_t[4096]")

local function decoded(text)
  local length, held, bits = 0, 0, 0
  for at = 1, #text do
    held = bit.bor(bit.lshift(bit.band(held, 255), 6), digits[text:byte(at)])
    bits = bits + 6
    if bits >= 8 then
      bits = bits - 8
      bytes[length] = bit.band(bit.rshift(held, bits), 255)
      length = length + 1
    end
  end
  return ffi.string(bytes, length)
end

local seen = {}
function response(status, _, answer)
  local payload = answer:match('"access_token":"ey[%w_-]+%.([%w_-]+)%.')
  local jti = payload and decoded(payload):match('"jti":"([^"]+)"')
  if status ~= 200 or not jti or seen[jti] then return fail(status, answer) end
  seen[jti] = true
end

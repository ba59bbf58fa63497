-- wrk: refreshes, each with the token of the one before. A thread has one connection and one grant; the
-- grants' first tokens are in TOKENS.
local tokens, threads = {}, 0
for token in (os.getenv("TOKENS") or ""):gmatch("%S+") do tokens[#tokens + 1] = token end

function setup(thread)
  threads = threads + 1
  thread:set("token", tokens[threads])
end

local headers = {
  ["Content-Type"] = "application/x-www-form-urlencoded",
  ["Authorization"] = "Basic YmVuY2g6amNzX0poNXZRMGFUbjNYa1o4bVIyd0xjWWQ3cEI0c0dxRTl1RjFvS2lWeFd0TXk=",
}

function request()
  return wrk.format("POST", "/token", headers, "grant_type=refresh_token&refresh_token=" .. token)
end

local failed = 0
function response(status, _, body)
  local next = body:match('"refresh_token":"([^"]+)"')
  if status == 200 and next and next ~= token and body:find('"id_token":"ey', 1, true) then
    token = next
    return
  end
  failed = failed + 1
  if failed == 1 then print("FAILED", status, body) end
end

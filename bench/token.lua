-- wrk: one client_credentials request, over and over.
wrk.method = "POST"
wrk.path = "/token"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic YmVuY2g6amNzX0poNXZRMGFUbjNYa1o4bVIyd0xjWWQ3cEI0c0dxRTl1RjFvS2lWeFd0TXk="
wrk.body = "grant_type=client_credentials"

local failed = 0
function response(status, headers, body)
  if status ~= 200 or not body:find('"access_token":"ey', 1, true) then failed = failed + 1 end
  if failed == 1 then print("FAILED", status, body) end
end

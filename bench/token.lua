-- wrk: one client_credentials request, over and over.
wrk.method = "POST"
wrk.path = "/token"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0LTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
wrk.body = "grant_type=client_credentials"

local failed = 0
function response(status, headers, body)
  if status ~= 200 or not body:find('"access_token":"ey', 1, true) then failed = failed + 1 end
  if failed == 1 then print("FAILED", status, body) end
end

// A request that passes several checks of one API: a proof counts once, so it is verified at the first alone.

const known = new WeakMap();

/** The claims of a request, by this function or as they are known. */
export async function once(api, request, need, verify) {
  const claims = known.get(request)?.get(api);
  if (claims) {
    api.require(claims, need);
    return claims;
  }
  const found = await verify();
  known.set(request, (known.get(request) ?? new WeakMap()).set(api, found));
  return found;
}

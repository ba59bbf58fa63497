//! Where platforms have what they answer, beneath their issuer or at the root.

use http::{Method, Request, header::AUTHORIZATION};

use super::{
    Kind, PlatformSpec,
    gcp::{FLAVOR, GOOGLE},
};
use crate::{
    address::is_issuer_name,
    provider::Provider,
    spec::{Endpoint, before},
    visit::Visit,
};

/// A bundle of SPIFFE.
pub(super) const BUNDLE: &str = "/bundle";

/// Where the control API says what a job finds in its environment.
const ENVIRONMENT: &str = "/_mock/environment";

/// Whether a path is meant beneath an issuer's alone, or also at the root, for the first issuer that has the
/// platform: SDKs that take a host have no room for more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    No,
    Too,
}

/// What platforms have, by the end of its path. `{tenant}` is that of the description.
#[rustfmt::skip]
const PATHS: [(Kind, &str, Endpoint, Root); 13] = [
    (Kind::GithubActions, "/idtoken", Endpoint::Platform, Root::No),
    (Kind::GithubActions, "/.well-known/jwks", Endpoint::Jwks, Root::No),
    (Kind::Gitlab, "/oauth/discovery/keys", Endpoint::Jwks, Root::No),
    (Kind::Kubernetes, "/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", Endpoint::Platform, Root::Too),
    (Kind::Kubernetes, "/openid/v1/jwks", Endpoint::Jwks, Root::Too),
    (Kind::Spiffe, BUNDLE, Endpoint::Jwks, Root::No),
    (Kind::Spiffe, "/keys", Endpoint::Jwks, Root::No),
    (Kind::Gcp, "/oauth2/v3/certs", Endpoint::Jwks, Root::Too),
    (Kind::Azure, "/metadata/identity/oauth2/token", Endpoint::Platform, Root::Too),
    (Kind::Azure, "/msi/token", Endpoint::Platform, Root::No),
    (Kind::Azure, "/{tenant}/oauth2/v2.0/token", Endpoint::Platform, Root::Too),
    (Kind::Azure, "/{tenant}/v2.0/.well-known/openid-configuration", Endpoint::OpenidConfiguration, Root::Too),
    (Kind::Azure, "/{tenant}/discovery/v2.0/keys", Endpoint::Jwks, Root::Too),
];

/// All of Google's metadata.
const METADATA: &str = "/computeMetadata/v1";

/// Where a request has reached the issuer: at the root of the mock, or beneath it.
pub(super) fn reached_at(visit: &Visit<'_>, path: &str) -> String {
    let (name, address) = (visit.at.issuer.name(), &visit.at.address.backend);
    let before = visit.at.provider.addresses().path();
    let own = format!("{before}/{name}/");
    let root = address
        .strip_suffix(name)
        .filter(|_| !path.starts_with(&own));
    root.unwrap_or(address).trim_end_matches('/').to_owned()
}

pub(super) fn is_environment(provider: &Provider, path: &str) -> bool {
    // Anywhere else it would be nobody's but who may ask the platform.
    path.strip_prefix(provider.addresses().path()) == Some(ENVIRONMENT)
}

/// The issuer and the endpoint of a request to a platform, by its path beneath the mock's own; `None` where
/// none is meant.
pub(crate) fn find<B>(
    provider: &Provider,
    request: &Request<B>,
    path: &str,
) -> Option<(String, Endpoint)> {
    let flavor = request.headers().get(FLAVOR);
    if matches!(path, "" | "/") && flavor.is_some_and(|it| it.as_bytes() == GOOGLE.as_bytes()) {
        return Some((first(provider, Kind::Gcp), Endpoint::Platform));
    }
    // The Query protocol of AWS has nothing but its endpoint's address.
    if *request.method() == Method::POST {
        let name = path.trim_matches('/');
        // At the root only what is signed as AWS wants it.
        let signed = request.headers().get(AUTHORIZATION);
        let signed = signed.is_some_and(|it| it.as_bytes().starts_with(b"AWS4-"));
        if name.is_empty() && signed {
            return Some((first(provider, Kind::Aws), Endpoint::Platform));
        }
        if is_issuer_name(name) && stands_in(provider, name, Kind::Aws, path) {
            return Some((name.to_owned(), Endpoint::Platform));
        }
    }
    if let Some((issuer, rest)) = path.split_once(METADATA)
        && (rest.is_empty() || rest.starts_with('/'))
        && let Some(name) = named(provider, issuer, Kind::Gcp, Root::Too, path)
    {
        return Some((name, Endpoint::Platform));
    }
    // Microsoft's library for JavaScript ends each address with a slash.
    let path = path.strip_suffix('/').unwrap_or(path);
    PATHS.iter().find_map(|(kind, own, endpoint, root)| {
        let issuer = before(path, own)?;
        Some((named(provider, issuer, *kind, *root, path)?, *endpoint))
    })
}

/// The name of the issuer whose path this is, if it stands in for the platform.
fn named(provider: &Provider, issuer: &str, kind: Kind, root: Root, path: &str) -> Option<String> {
    let name = match issuer.strip_prefix('/') {
        None if issuer.is_empty() && root == Root::Too => first(provider, kind),
        None if issuer.is_empty() => String::new(),
        None => return None,
        Some(name) => name.to_owned(),
    };
    let is_name = name.is_empty() || is_issuer_name(&name);
    (is_name && stands_in(provider, &name, kind, path)).then_some(name)
}

/// Whether the issuer stands in for the platform, and for the tenant that the path names.
fn stands_in(provider: &Provider, name: &str, kind: Kind, path: &str) -> bool {
    let platform = provider.platform_of(name);
    platform.is_some_and(|platform| match &platform {
        PlatformSpec::Azure(identity) if kind == Kind::Azure => identity.answers_at(path),
        platform => platform.kind() == kind,
    })
}

/// The first issuer that stands in for the platform: of those that were told to, by name, else the one that
/// does unasked.
fn first(provider: &Provider, kind: Kind) -> String {
    let unasked = kind.issuer_name();
    provider
        .list()
        .iter()
        .filter(|issuer| issuer.name() != unasked)
        .find(|issuer| issuer.platform().is_some_and(|it| it.kind() == kind))
        .map_or_else(|| unasked.to_owned(), |issuer| issuer.name().to_owned())
}

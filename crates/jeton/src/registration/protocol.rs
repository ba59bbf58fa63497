//! How a client authenticates, what flows it uses, and where its people are sent.

use serde_json::Value;

use super::{Terms, invalid::InvalidMetadata, sent::Sent};
use crate::{
    client::{ClientRecord, NamedApiRecord, RedirectUri, SecretMethod},
    crypto::signing_algorithm,
    grant::GrantType,
    jwk::{InvalidPublicJwks, PublicJwks, verification_algorithm},
    scope::Scope,
};

/// The grant types of which the client authenticates (RFC 6749 §4.4.2), or has somebody vouch for it.
const OF_CONFIDENTIAL: [GrantType; 3] = [
    GrantType::ClientCredentials,
    GrantType::JwtBearer,
    GrantType::TokenExchange,
];

const METHOD: &str = "token_endpoint_auth_method";
const METHODS: &str = "token_endpoint_auth_methods_supported";
const SIGNING_ALG: &str = "token_endpoint_auth_signing_alg";
const KEYS: [&str; 2] = ["jwks", "jwks_uri"];

/// Takes over what the server decides by.
pub(super) fn judge(
    sent: &Sent,
    terms: &Terms<'_>,
    record: &mut ClientRecord,
) -> Result<(), InvalidMetadata> {
    let keys = keys(sent, terms)?;
    let method = method(sent, keys.as_ref())?;
    let grant_types = grant_types(sent, terms, method)?;
    let response_types = response_types(sent, &grant_types)?;
    let redirect_uris = redirect_uris(sent, &grant_types)?;
    if let Some(kind) = application_type(sent, &redirect_uris)? {
        insert(record, "application_type", Value::String(kind.to_owned()));
    }
    if let Some(asked) = sent.choice("require_auth_time")? {
        insert(record, "require_auth_time", Value::Bool(asked));
    }
    insert(record, "response_types", response_types);
    record.keys.jwks = sent.value("jwks").cloned();
    record.keys.jwks_uri = sent.text("jwks_uri")?.map(str::to_owned);
    record.keys.token_endpoint_auth_signing_alg = signing_alg(sent, method, keys.as_ref())?;
    record.id_token_signed_response_alg = id_token_alg(sent, terms)?;
    record.post_logout_redirect_uris = post_logout_redirect_uris(sent)?;
    // To such a page the code comes anyway, and with it whoever runs the page could have the tokens.
    if method == Method::None {
        record.allowed_origins = origins(&redirect_uris);
    }
    record.redirect_uris = redirect_uris;
    record.token_endpoint_auth_method = method.name().map(str::to_owned);
    let grant_types = grant_types.iter().map(|it| it.as_str().to_owned());
    record.grant_types = Some(grant_types.collect());
    scope(sent, terms, record)
}

fn insert(record: &mut ClientRecord, member: &str, value: Value) {
    record.other.insert(member.to_owned(), value);
}

/// How the client authenticates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    None,
    /// By a secret, sent by either method: the client names none. It is told RFC 7591's default, Basic; not
    /// all libraries keep to what they are told.
    AnySecret,
    Secret(SecretMethod),
    PrivateKeyJwt,
}

impl Method {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "private_key_jwt" => Some(Self::PrivateKeyJwt),
            _ => SecretMethod::from_name(name).map(Self::Secret),
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => Some("none"),
            Self::AnySecret => None,
            Self::Secret(method) => Some(method.as_str()),
            Self::PrivateKeyJwt => Some("private_key_jwt"),
        }
    }
}

/// The public keys of the client, if it has some.
enum Keys {
    /// `jwks_uri`: they are not fetched before they are needed.
    Elsewhere,
    Here(PublicJwks),
}

fn keys(sent: &Sent, terms: &Terms<'_>) -> Result<Option<Keys>, InvalidMetadata> {
    let [jwks, jwks_uri] = KEYS;
    let uri = sent.text(jwks_uri)?;
    match (sent.value(jwks), uri) {
        (None, None) => Ok(None),
        // RFC 7591 §2: MUST NOT both be present.
        (Some(_), Some(_)) => Err(fault(jwks, "not together with jwks_uri")),
        (None, Some(uri)) => match terms.reach.url(uri) {
            Ok(_) => Ok(Some(Keys::Elsewhere)),
            Err(_) => Err(fault(jwks_uri, "an https URL in the public internet")),
        },
        (Some(set), None) => match PublicJwks::from_value(set) {
            Ok(set) => Ok(Some(Keys::Here(set))),
            Err(InvalidPublicJwks::Private(_)) => {
                Err(fault(jwks, "a private or symmetric key is in it"))
            }
            Err(InvalidPublicJwks::NotASet | InvalidPublicJwks::TooMany) => {
                Err(fault(jwks, "no JWK Set of at most 100 keys"))
            }
        },
    }
}

/// The method that the client names, or else the first of those that it has (OpenID Connect Relying Party
/// Metadata Choices 1.0) which is one of ours.
fn method(sent: &Sent, keys: Option<&Keys>) -> Result<Method, InvalidMetadata> {
    let named = sent.text(METHOD)?;
    let choices = sent.texts(METHODS)?;
    let is_possible = |method: &Method| *method != Method::PrivateKeyJwt || keys.is_some();
    let mut possible = named
        .into_iter()
        .chain(choices.iter().copied())
        .filter_map(Method::from_name)
        .filter(is_possible);
    let method = match (possible.next(), named) {
        (Some(method), _) => method,
        (None, None) if choices.is_empty() => Method::AnySecret,
        (None, None) => return Err(fault(METHODS, "none of them is possible here")),
        (None, Some("private_key_jwt")) => return Err(fault(METHOD, "needs jwks or jwks_uri")),
        (None, Some(_)) => {
            return Err(fault(
                METHOD,
                "one of none, client_secret_basic, client_secret_post, private_key_jwt",
            ));
        }
    };
    let has_usable_key = match keys {
        Some(Keys::Here(set)) => !set.is_empty(),
        Some(Keys::Elsewhere) | None => true,
    };
    if method == Method::PrivateKeyJwt && !has_usable_key {
        return Err(fault("jwks", "no key in it can verify a signature"));
    }
    Ok(method)
}

/// The algorithm of the client's assertions (OpenID Connect Dynamic Client Registration 1.0 §2).
fn signing_alg(
    sent: &Sent,
    method: Method,
    keys: Option<&Keys>,
) -> Result<Option<String>, InvalidMetadata> {
    let Some(name) = sent.text(SIGNING_ALG)? else {
        return Ok(None);
    };
    if method != Method::PrivateKeyJwt {
        return Err(fault(SIGNING_ALG, "goes with private_key_jwt"));
    }
    let algorithm = verification_algorithm(name);
    let expected = "one of ES256, ES384, EdDSA, RS256, PS256";
    let algorithm = algorithm.ok_or(fault(SIGNING_ALG, expected))?;
    if let Some(Keys::Here(set)) = keys
        && set.candidates(None, algorithm).next().is_none()
    {
        return Err(fault(SIGNING_ALG, "no key in jwks fits it"));
    }
    Ok(Some(name.to_owned()))
}

/// The grant types, each of which the ceiling and the deployment have.
fn grant_types(
    sent: &Sent,
    terms: &Terms<'_>,
    method: Method,
) -> Result<Vec<GrantType>, InvalidMetadata> {
    const MEMBER: &str = "grant_types";
    let names = sent.texts(MEMBER)?;
    let asked = if names.is_empty() {
        vec![GrantType::AuthorizationCode]
    } else {
        let known = names.into_iter().map(GrantType::from_name);
        let known = known.collect::<Option<Vec<_>>>();
        known.ok_or(fault(MEMBER, "one of them is not supported here"))?
    };
    let is_open =
        |it: &GrantType| terms.grant_types.contains(it) && terms.ceiling.grant_types.contains(it);
    if !asked.iter().all(is_open) {
        return Err(fault(MEMBER, "one of them cannot be registered here"));
    }
    let is_of_confidential = |it: &GrantType| OF_CONFIDENTIAL.contains(it);
    if method == Method::None && asked.iter().any(is_of_confidential) {
        return Err(fault(
            METHOD,
            "one of the grant_types needs another than none",
        ));
    }
    Ok(asked)
}

/// The response types, as they go with the grant types (RFC 7591 §2.1): `code` with `authorization_code`, and
/// none without. Of a client that names none it is what goes with its grant types, not always `code`.
fn response_types(sent: &Sent, grant_types: &[GrantType]) -> Result<Value, InvalidMetadata> {
    const MEMBER: &str = "response_types";
    let asked = sent.texts(MEMBER)?;
    let has_code = grant_types.contains(&GrantType::AuthorizationCode);
    match (asked.as_slice(), has_code) {
        ([] | ["code"], true) => Ok(Value::from(vec!["code"])),
        ([], false) => Ok(Value::Array(Vec::new())),
        (["code"], false) => Err(fault(MEMBER, "code goes with the grant authorization_code")),
        _ => Err(fault(MEMBER, "code is the only one here")),
    }
}

fn redirect_uris(sent: &Sent, grant_types: &[GrantType]) -> Result<Vec<String>, InvalidMetadata> {
    let uris = sent.texts("redirect_uris");
    let uris = uris.map_err(|_| {
        InvalidMetadata::RedirectUri(
            "a list of at most 50 texts, each once and of at most 2,048 bytes",
        )
    })?;
    // RFC 7591 §2: clients using flows with redirection MUST register them.
    if uris.is_empty() && grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(InvalidMetadata::RedirectUri(
            "the grant authorization_code needs at least one",
        ));
    }
    if !uris.iter().all(|uri| uri.parse::<RedirectUri>().is_ok()) {
        return Err(InvalidMetadata::RedirectUri(
            "each absolute, without fragment, of https, of http on this machine, or of a scheme with a dot of the app's own",
        ));
    }
    Ok(uris.into_iter().map(str::to_owned).collect())
}

fn post_logout_redirect_uris(sent: &Sent) -> Result<Vec<String>, InvalidMetadata> {
    const MEMBER: &str = "post_logout_redirect_uris";
    let uris = sent.texts(MEMBER)?;
    if !uris.iter().all(|uri| uri.parse::<RedirectUri>().is_ok()) {
        return Err(fault(
            MEMBER,
            "each absolute, without fragment, of https, of http on this machine, or of a scheme with a dot of the app's own",
        ));
    }
    Ok(uris.into_iter().map(str::to_owned).collect())
}

/// `application_type` (OpenID Connect Dynamic Client Registration 1.0 §2), held against the redirect URIs. A
/// client that does not say what it is may have those of either: most native ones do not.
fn application_type(
    sent: &Sent,
    redirect_uris: &[String],
) -> Result<Option<&'static str>, InvalidMetadata> {
    let mut uris = redirect_uris.iter().map(String::as_str);
    match sent.text("application_type")? {
        None => Ok(None),
        Some("web") => {
            if uris.all(is_web) {
                return Ok(Some("web"));
            }
            Err(InvalidMetadata::RedirectUri(
                "of a web application, each of https, or of http on this machine",
            ))
        }
        Some("native") => {
            // RFC 8252 §7.2 gives native applications https as well, which OpenID's older text does not.
            if uris.all(|uri| !uri.starts_with("http://") || is_loopback(uri)) {
                return Ok(Some("native"));
            }
            Err(InvalidMetadata::RedirectUri(
                "of a native application, http only on localhost, 127.0.0.1 and [::1]",
            ))
        }
        Some(_) => Err(fault("application_type", "web or native")),
    }
}

fn is_web(uri: &str) -> bool {
    uri.starts_with("https://") || uri.starts_with("http://")
}

fn is_loopback(uri: &str) -> bool {
    let rest = uri.strip_prefix("http://").unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"].into_iter().any(|host| {
        let after = rest.strip_prefix(host);
        after.is_some_and(|after| after.is_empty() || after.starts_with([':', '/', '?']))
    })
}

/// The origins of the web pages that redirect URIs lead to.
fn origins(redirect_uris: &[String]) -> Vec<String> {
    let mut origins = Vec::new();
    for uri in redirect_uris.iter().filter(|uri| is_web(uri)) {
        if let Ok(url) = url::Url::parse(uri) {
            let origin = url.origin().ascii_serialization();
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
    }
    origins
}

fn id_token_alg(sent: &Sent, terms: &Terms<'_>) -> Result<Option<String>, InvalidMetadata> {
    const MEMBER: &str = "id_token_signed_response_alg";
    let Some(name) = sent.text(MEMBER)? else {
        return Ok(None);
    };
    let signs = signing_algorithm(name).is_some_and(|it| terms.algorithms.contains(&it));
    if !signs {
        return Err(fault(MEMBER, "ID tokens are not signed with it here"));
    }
    Ok(Some(name.to_owned()))
}

/// The scope that the client asks for, as far as its ceiling goes: what is of the ceiling's own scope as
/// `scope`, what is of an API with that API. All of it where it asks for none (RFC 7591 §2).
fn scope(sent: &Sent, terms: &Terms<'_>, record: &mut ClientRecord) -> Result<(), InvalidMetadata> {
    const MEMBER: &str = "scope";
    let ceiling = terms.ceiling;
    let of_apis = ceiling.apis.iter().map(|api| &api.scope);
    let whole = of_apis.fold(ceiling.scope.clone(), |whole, more| whole.union(more));
    let asked = match sent.text(MEMBER)? {
        None => whole.clone(),
        Some(text) => {
            let asked = text.parse::<Scope>().ok().filter(|it| !it.is_empty());
            let expected = "tokens of printable ASCII, separated by spaces";
            asked.ok_or(fault(MEMBER, expected))?
        }
    };
    if !asked.is_empty() && asked.within(&whole).is_empty() {
        return Err(fault(MEMBER, "nothing of it can be registered here"));
    }
    record.scope = Some(asked.within(&ceiling.scope).to_string());
    let apis = ceiling.apis.iter().map(|api| NamedApiRecord {
        identifier: api.identifier.clone(),
        scope: asked.within(&api.scope).to_string(),
    });
    record.apis = apis.collect();
    Ok(())
}

fn fault(member: &'static str, expected: &'static str) -> InvalidMetadata {
    InvalidMetadata::Member { member, expected }
}

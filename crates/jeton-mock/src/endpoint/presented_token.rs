//! The tokens that a request presents, put in the words in which the server knows them: those that left
//! in other words, that it never made, or that it made at another address of the issuer.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header::AUTHORIZATION, uri::PathAndQuery};
use jeton::{GrantId, Id128};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use crate::{
    asked::Asked,
    at::At,
    forge::{ACCESS_TOKEN, Forge, ID_TOKEN, Jwt},
    issued::{Issued, Own, Reader, subject_of},
    lenient::audiences_of,
    spec::{Endpoint, TokenKind},
    visit::Visit,
};

/// The parameters that hold tokens: RFC 7009 §2.1 and RFC 7662 §2.1, RFC 6750 §2.2, RFC 8693 §2.1, RFC
/// 6749 §6, OpenID Connect Core §3.1.2.1.
const TOKENS: [&str; 6] = [
    "token",
    "access_token",
    "subject_token",
    "actor_token",
    "refresh_token",
    "id_token_hint",
];

/// The tokens of a request that the issuer knows better than its server does.
#[derive(Debug, Default)]
pub(crate) struct Recognized(BTreeMap<&'static str, Shown>);

/// A token that is presented.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) issued: Issued,
    /// What it says itself; `None` of one that says nothing.
    pub(crate) said: Option<Map<String, Value>>,
    /// What the server would have it say.
    pub(crate) words: Map<String, Value>,
}

impl Recognized {
    /// The token in a parameter.
    pub(crate) fn get(&self, parameter: &str) -> Option<&Shown> {
        self.0.get(parameter)
    }

    /// The token in the header, or in the form (RFC 6750 §2).
    pub(crate) fn bearer(&self) -> Option<&Shown> {
        self.get(AUTHORIZATION.as_str())
            .or_else(|| self.get("access_token"))
    }
}

/// Puts the tokens of a request in the server's words.
pub(crate) async fn reword(
    at: &At<'_>,
    endpoint: Endpoint,
    request: &mut Request<Bytes>,
) -> Recognized {
    let others = at.issuer.other_addresses(at.address);
    let mut recognized = Recognized::default();
    // The debugger shows tokens as they are.
    if endpoint == Endpoint::Debugger {
        return recognized;
    }
    if others.is_empty() && !at.issuer.has_issued() {
        return recognized;
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let body = request.body().clone();
    let asked = Asked::read(endpoint, &method, &uri, request.headers(), &body);
    let rewording = Rewording {
        at,
        others: &others,
        forge: at.forge(),
        reader: Reader {
            issuer: &at.address.issuer,
            now: at.now,
            client_id: asked.client_id.as_deref(),
        },
    };
    if let Some((scheme, token)) = authorization(request)
        && let Some((text, shown)) = rewording.of(token, AUTHORIZATION.as_str()).await
    {
        let value = HeaderValue::try_from(format!("{scheme} {text}"));
        if let Some(shown) = shown {
            recognized.0.insert(AUTHORIZATION.as_str(), shown);
        }
        if let Ok(value) = value {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
    }
    let mut texts = BTreeMap::new();
    for name in TOKENS {
        if let Some(token) = asked.get(name)
            && let Some((text, shown)) = rewording.of(token, name).await
        {
            recognized.0.extend(shown.map(|shown| (name, shown)));
            texts.insert(name, text);
        }
    }
    if !texts.is_empty()
        && let Some(pairs) = asked.pairs()
    {
        let pairs =
            pairs.map(|(name, value)| (name, texts.get(name).map_or(value, String::as_str)));
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        put_form(request, form);
    }
    recognized
}

/// Has the bearer token of a request be for the issuer itself as well, where it is for others only.
pub(super) async fn reword_for_issuer(visit: &Visit<'_>, request: &mut Request<Bytes>) {
    let mut claims = visit.asked.bearer.clone();
    let mut audiences = audiences_of(&claims);
    audiences.push(visit.at.address.issuer.clone());
    claims.insert("aud".to_owned(), json!(audiences));
    let Some(token) = bearer(visit, request) else {
        return;
    };
    let forge = visit.at.forge();
    let shown = visit.recognized.bearer();
    let is_sealed = shown.is_some_and(|shown| matches!(shown.issued, Issued::Sealed(_)));
    let text = if is_sealed {
        forge.make(ACCESS_TOKEN, claims).await
    } else {
        forge.sign_again(token, claims).await
    };
    if let Some(text) = text {
        put_bearer(visit, request, &text);
    }
}

/// The access token of a request that presents one in one way (RFC 6750 §2).
pub(super) fn bearer<'r>(visit: &'r Visit<'_>, request: &'r Request<Bytes>) -> Option<&'r str> {
    let in_header = authorization(request);
    let in_header = in_header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    let in_form = visit.asked.get("access_token");
    let in_form = in_form.filter(|_| request.method() == Method::POST);
    match (in_header, in_form) {
        (Some((_, token)), None) => Some(token),
        (None, form) => form,
        (Some(_), Some(_)) => None,
    }
}

/// Puts another token in the place of the access token of a request.
pub(super) fn put_bearer(visit: &Visit<'_>, request: &mut Request<Bytes>, token: &str) {
    if let Some((scheme, _)) = authorization(request) {
        if let Ok(value) = HeaderValue::try_from(format!("{scheme} {token}")) {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
    } else if let Some(pairs) = visit.asked.pairs() {
        let pairs = pairs.map(|(name, value)| match name {
            "access_token" => (name, token),
            _ => (name, value),
        });
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        put_form(request, form);
    }
}

/// The scheme and the credentials of the one `Authorization` of a request.
fn authorization(request: &Request<Bytes>) -> Option<(&str, &str)> {
    let mut lines = request.headers().get_all(AUTHORIZATION).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => {
            let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
            Some((scheme, token.trim()))
        }
        _ => None,
    }
}

/// Puts a form where the server reads one: into the body of a `POST`, else into the query.
fn put_form(request: &mut Request<Bytes>, form: String) {
    if request.method() == Method::POST {
        *request.body_mut() = Bytes::from(form);
        return;
    }
    let path_and_query = format!("{}?{form}", request.uri().path());
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path_and_query).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// What is needed to put tokens in the server's words.
struct Rewording<'a> {
    at: &'a At<'a>,
    /// The issuer's other addresses.
    others: &'a [String],
    forge: Forge<'a>,
    reader: Reader<'a>,
}

impl Rewording<'_> {
    /// A token in the server's words, and what is known of it; `None` where it is left to the server.
    async fn of(&self, token: &str, parameter: &str) -> Option<(String, Option<Shown>)> {
        let Some(issued) = self.at.issuer.issued(token) else {
            return Some((self.at_this_address(token).await?, None));
        };
        let sent = Jwt::parse(token).map(|token| token.claims);
        let (text, words) = match &issued {
            Issued::Changed(own) => self.changed(own, sent.as_ref()).await,
            Issued::Sealed(claims) => self.sealed(token, claims.clone()).await,
            Issued::Own(own) => self.own(token, own, sent.as_ref(), parameter).await?,
        };
        let shown = Shown {
            issued,
            said: sent,
            words,
        };
        Some((text, Some(shown)))
    }

    /// A token of the server's, which made it as `own`, that left saying `sent`.
    async fn changed(
        &self,
        own: &str,
        sent: Option<&Map<String, Value>>,
    ) -> (String, Map<String, Value>) {
        let Some(made) = Jwt::parse(own) else {
            return match self.at.issuer.issued(own) {
                Some(Issued::Sealed(claims)) => self.sealed(own, claims).await,
                _ => (own.to_owned(), Map::new()),
            };
        };
        let words = self.reader.changed(&made.claims, sent);
        let again = if words == made.claims {
            None
        } else {
            // By a key that is gone, it is as good as the server's own by that key.
            self.forge.sign_again(own, words.clone()).await
        };
        (again.unwrap_or_else(|| own.to_owned()), words)
    }

    /// A token that the server has sealed, at this address or at another.
    async fn sealed(
        &self,
        token: &str,
        mut claims: Map<String, Value>,
    ) -> (String, Map<String, Value>) {
        let here = json!(self.reader.issuer);
        if claims.get("iss") == Some(&here) {
            return (token.to_owned(), claims);
        }
        claims.insert("iss".to_owned(), here);
        let made = self.forge.make(ACCESS_TOKEN, claims.clone()).await;
        (made.unwrap_or_else(|| token.to_owned()), claims)
    }

    /// A token that the server did not make, as what it is presented as.
    async fn own(
        &self,
        token: &str,
        own: &Own,
        sent: Option<&Map<String, Value>>,
        parameter: &str,
    ) -> Option<(String, Map<String, Value>)> {
        let wants = match parameter {
            "id_token_hint" => TokenKind::IdToken,
            "refresh_token" => return None,
            _ => TokenKind::AccessToken,
        };
        if own.kind.is_some_and(|kind| kind != wants) {
            return None;
        }
        let (typ, words) = match wants {
            TokenKind::IdToken => {
                let words = self.reader.own_id_token(own, &id_of(token).to_string());
                (ID_TOKEN, words)
            }
            TokenKind::AccessToken => {
                let mut words = self.reader_of(own).own_access_token(own, sent);
                if words.get("jti").and_then(Value::as_str) == Some("") {
                    // It is revoked by it, and no other with it.
                    words.insert("jti".to_owned(), json!(id_of(token)));
                }
                if let Some(grant) = self.grant_of(own).await {
                    words.insert("sid".to_owned(), json!(grant));
                }
                (ACCESS_TOKEN, words)
            }
        };
        let made = self.forge.make(typ, words.clone()).await;
        Some((made.unwrap_or_else(|| token.to_owned()), words))
    }

    /// Who reads a token of its own: a client is its subject where it is one.
    fn reader_of<'o>(&'o self, own: &'o Own) -> Reader<'o> {
        let subject = subject_of(&own.claims);
        let is_client = |subject: &&str| {
            let id = subject.parse().ok();
            id.is_some_and(|id| self.at.issuer.has_client(&id))
        };
        Reader {
            client_id: subject.filter(is_client).or(self.reader.client_id),
            ..self.reader
        }
    }

    /// The grant of the server's that a token says it comes of, and with which it ends.
    async fn grant_of(&self, own: &Own) -> Option<GrantId> {
        let grant = own.claims.get("sid")?.as_str()?.parse().ok()?;
        let is_known = self.at.issuer.knows_grant(grant).await;
        is_known.then_some(grant)
    }

    /// A token that the server made at another address, as it makes one here.
    async fn at_this_address(&self, token: &str) -> Option<String> {
        if self.others.is_empty() {
            return None;
        }
        let Jwt { mut claims, .. } = Jwt::parse(token)?;
        let from = claims.get("iss")?.as_str()?;
        if !self.others.iter().any(|other| other == from) {
            return None;
        }
        claims.insert("iss".to_owned(), json!(self.reader.issuer));
        self.forge.sign_again(token, claims).await
    }
}

/// An id that only this token has.
pub(super) fn id_of(token: &str) -> Id128 {
    let digest = Sha256::digest(token);
    Id128(digest.first_chunk().copied().unwrap_or_default())
}

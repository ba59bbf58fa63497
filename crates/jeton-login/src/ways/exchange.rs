//! What is exchanged with a token endpoint (RFC 6749 §5), and with what a token opens (RFC 6750 §2.1).

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::{Fetch, Fetched, ForeignUrl, Outgoing, Unreachable};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::form_urlencoded::{self, byte_serialize};

use super::deadlines;
use crate::{settings::InvalidLogin, trouble::Trouble};

/// Codes of errors that an authorization endpoint sends back (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0
/// §3.1.2.6, GitHub's own). `access_denied` is the person's word, and not among them.
const AUTHORIZATION_ERRORS: [&str; 14] = [
    "account_selection_required",
    "application_suspended",
    "consent_required",
    "interaction_required",
    "invalid_request",
    "invalid_request_object",
    "invalid_scope",
    "login_required",
    "redirect_uri_mismatch",
    "request_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_response_type",
];

/// Codes of errors that a token endpoint answers with (RFC 6749 §5.2, and GitHub's own).
const TOKEN_ERRORS: [&str; 12] = [
    "bad_refresh_token",
    "bad_verification_code",
    "incorrect_client_credentials",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "redirect_uri_mismatch",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unverified_user_email",
];

/// The same word out of ours, or that it is none of them: what a stranger sent is not repeated.
fn known(code: &str, words: &[&'static str]) -> &'static str {
    let known = words.iter().find(|word| **word == code);
    known.copied().unwrap_or("an error that is not known here")
}

/// Our word for the code of an error that came back from an authorization endpoint.
pub(super) fn authorization_error(code: &str) -> &'static str {
    known(code, &AUTHORIZATION_ERRORS)
}

/// What the documents show in the place of a client id: their example is not filled in.
const EXAMPLES: [&str; 2] = ["1234.apps.googleusercontent.com", "Iv1.0123456789abcdef"];

/// The secret that an upstream gave us. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ClientSecret(String);

impl ClientSecret {
    pub(super) fn parse(text: String) -> Result<Self, InvalidLogin> {
        let expected = if text.starts_with('@') {
            "the secret itself: only the whole of JETON_LOGIN may be a file, @login.json"
        } else if text.is_empty() || !is_printable(&text) {
            "the secret that the provider gave you: printable ASCII, without line breaks"
        } else {
            return Ok(Self(text));
        };
        Err(InvalidLogin::new("client_secret", expected))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether the text is of VSCHAR alone, as client ids and secrets are (RFC 6749 Appendix A).
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// A client id, as an upstream gave it to us.
pub(super) fn client_id(text: String) -> Result<String, InvalidLogin> {
    let is_example = EXAMPLES.contains(&text.as_str());
    if text.trim().is_empty() || text.len() > 255 || !is_printable(&text) || is_example {
        let expected = "the id that the provider gave you";
        return Err(InvalidLogin::new("client_id", expected));
    }
    Ok(text)
}

/// `client_assertion_type` (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How we prove to a token endpoint who we are.
#[derive(Clone, Debug)]
pub(super) enum Authentication<'a> {
    /// By HTTP Basic.
    Basic(&'a ClientSecret),
    /// In the form.
    Post(&'a ClientSecret),
    /// By a JWT of ours in the form (RFC 7523 §2.2).
    Assertion(String),
    /// Not at all: the code is bound to us by PKCE alone.
    None,
}

/// Tokens, as a token endpoint answers (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(super) access_token: String,
    token_type: String,
    pub(super) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

/// What a code is exchanged for at the token endpoint `url`, or a refresh token.
pub(super) async fn tokens(
    fetch: &impl Fetch,
    url: ForeignUrl,
    client_id: &str,
    authentication: Authentication<'_>,
    parameters: &[(&str, &str)],
) -> Result<Tokens, Trouble> {
    let request = token_request(url, client_id, authentication, parameters)?;
    let answer = fetch
        .send(&request)
        .await
        .map_err(Trouble::asking("token"))?;
    read_tokens(&answer)
}

/// What a refresh token is exchanged for at the token endpoint `url`: always with one, which is the one sent
/// where the upstream lets that stand (RFC 6749 §6).
pub(super) async fn refreshed(
    fetch: &impl Fetch,
    url: ForeignUrl,
    client_id: &str,
    authentication: Authentication<'_>,
    refresh_token: &str,
) -> Result<Tokens, Trouble> {
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    let mut tokens = tokens(fetch, url, client_id, authentication, &parameters).await?;
    tokens
        .refresh_token
        .get_or_insert_with(|| refresh_token.to_owned());
    Ok(tokens)
}

fn token_request(
    url: ForeignUrl,
    client_id: &str,
    authentication: Authentication<'_>,
    parameters: &[(&str, &str)],
) -> Result<Outgoing, Trouble> {
    let mut request = Outgoing {
        method: Method::POST,
        deadline: deadlines::TOKEN,
        ..Outgoing::get(url, "application/json")
    };
    let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(CONTENT_TYPE, media_type);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    match authentication {
        Authentication::Basic(secret) => {
            let basic = basic(client_id, secret)?;
            request.headers.insert(AUTHORIZATION, basic);
        }
        Authentication::Post(ClientSecret(secret)) => {
            form.append_pair("client_id", client_id);
            form.append_pair("client_secret", secret);
        }
        Authentication::Assertion(assertion) => {
            form.append_pair("client_id", client_id);
            form.append_pair("client_assertion_type", JWT_BEARER);
            form.append_pair("client_assertion", &assertion);
        }
        Authentication::None => {
            form.append_pair("client_id", client_id);
        }
    }
    request.body = Bytes::from(form.finish());
    Ok(request)
}

/// `client_id` and secret for HTTP Basic, each encoded as in a form first (RFC 6749 §2.3.1).
fn basic(client_id: &str, ClientSecret(secret): &ClientSecret) -> Result<HeaderValue, Trouble> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    sensitive(format!("Basic {}", STANDARD.encode(pair)))
}

fn sensitive(text: String) -> Result<HeaderValue, Trouble> {
    let value = HeaderValue::try_from(text);
    let mut value = value.map_err(|_| Trouble::NotUsable("the token fits into no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// An answer that says what is wrong.
#[derive(Deserialize)]
struct Refusal {
    error: Value,
}

fn read_tokens(answer: &Fetched) -> Result<Tokens, Trouble> {
    // Whatever it says then, it is not well: the same may succeed in a moment.
    if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
        let why = jeton::Unreachable::Status(answer.status);
        return Err(Trouble::Unreachable { what: "token", why });
    }
    // GitHub's errors have status 200.
    if let Ok(Refusal { error }) = answer.json()
        && !error.is_null()
    {
        let code = error.as_str().unwrap_or_default();
        return Err(Trouble::TokenRefused(known(code, &TOKEN_ERRORS)));
    }
    let tokens: Tokens = read("token", answer)?;
    if !tokens.token_type.eq_ignore_ascii_case("bearer") {
        return Err(Trouble::NotUsable("the token is not a Bearer token"));
    }
    if tokens.access_token.is_empty() {
        return Err(Trouble::NotUsable("the access token is empty"));
    }
    Ok(tokens)
}

/// The JSON document that an access token opens, with further headers that its API wants.
pub(super) async fn opened<T: DeserializeOwned>(
    fetch: &impl Fetch,
    what: &'static str,
    url: ForeignUrl,
    access_token: &str,
    headers: impl IntoIterator<Item = (HeaderName, &'static str)>,
) -> Result<T, Trouble> {
    let mut request = Outgoing {
        deadline: deadlines::CLAIMS,
        ..Outgoing::get(url, "application/json")
    };
    let bearer = sensitive(format!("Bearer {access_token}"))?;
    request.headers.insert(AUTHORIZATION, bearer);
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        request.headers.insert(name, value);
    }
    let answer = fetch.send(&request).await.map_err(Trouble::asking(what))?;
    read(what, &answer)
}

/// The JSON of an answer with status 200.
fn read<T: DeserializeOwned>(what: &'static str, answer: &Fetched) -> Result<T, Trouble> {
    if answer.status != StatusCode::OK {
        let why = Unreachable::Status(answer.status);
        return Err(Trouble::Unreachable { what, why });
    }
    answer.json().map_err(Trouble::asking(what))
}

/// `scope` as it is sent: names between single spaces.
pub(super) fn scope<'a>(
    written: Option<&str>,
    usual: &'a str,
) -> Result<Cow<'a, str>, InvalidLogin> {
    let Some(written) = written else {
        return Ok(Cow::Borrowed(usual));
    };
    // RFC 6749 §3.3.
    let is_of_scope = |byte| matches!(byte, b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let names: Vec<_> = written.split_ascii_whitespace().collect();
    if names.is_empty() || written.len() > 1000 || !written.bytes().all(is_of_scope) {
        let expected = "the names of scopes, with spaces between them";
        return Err(InvalidLogin::new("scope", expected));
    }
    Ok(Cow::Owned(names.join(" ")))
}

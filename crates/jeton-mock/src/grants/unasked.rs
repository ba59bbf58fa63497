//! A login that nobody is asked for: the server's flow with a code, in process, from the authorization
//! request to the tokens. Who gets tokens by it has them as after any login, with a refresh token if they may
//! have one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE},
};
use jeton::{Client, ClientAuthentication, Delivery, RedirectUri, UnixTime};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::{at::At, layout::path_of, lenient::on_loan, login, random_id, session::Session};

/// Where the code of such a login goes. Nothing is ever sent there.
const REDIRECT_URI: &str = "https://unasked.jeton-mock.invalid/";

/// Who is logged in, and what is said of them.
pub(crate) struct Person {
    pub(crate) subject: String,
    /// `None`: what the issuer knows of the subject.
    pub(crate) claims: Option<Map<String, Value>>,
    pub(crate) auth_time: UnixTime,
}

/// What a login is for.
pub(crate) struct Unasked<'a> {
    pub(crate) at: &'a At<'a>,
    /// The client, with all that it asks for.
    pub(crate) client: Client,
    /// Parameters of the authorization request: `scope`, `nonce` and the like.
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
}

/// A code, with what else it takes to redeem it.
pub(crate) struct Redemption {
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
    pub(crate) verifier: String,
}

/// A secret to prove that a code is redeemed by whom it was made for (RFC 7636 §4.1).
pub(crate) fn new_verifier() -> Option<String> {
    Some(format!("{}{}", random_id().ok()?, random_id().ok()?))
}

/// Its challenge (RFC 7636 §4.2).
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

impl Unasked<'_> {
    /// The code that the person's login ends with.
    ///
    /// # Errors
    /// The server refuses it: with which error, and why.
    pub(crate) async fn log_in(&self, person: Person) -> Result<Redemption, (String, String)> {
        let mut client = self.client.clone();
        client
            .redirect_uris
            .extend(RedirectUri::exactly(REDIRECT_URI));
        on_loan(Some(client), self.log_in_on_loan(person)).await
    }

    async fn log_in_on_loan(&self, person: Person) -> Result<Redemption, (String, String)> {
        let broken = || ("server_error".to_owned(), "the login failed".to_owned());
        let verifier = new_verifier().ok_or_else(broken)?;
        let challenge = challenge_of(&verifier);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", self.client.id.as_str()),
                ("redirect_uri", REDIRECT_URI),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let asked = self
            .get(&format!("/authorize?{query}"), None)
            .await
            .ok_or_else(broken)?;
        let sealed = parameter(&asked, "request").ok_or_else(|| error_of(&asked))?;
        let cookie = asked
            .headers()
            .get(SET_COOKIE)
            .and_then(|it| it.to_str().ok());
        let cookie = cookie
            .and_then(|it| it.split(';').next())
            .map(str::to_owned);
        let session = Session {
            subject: person.subject,
            claims: person.claims,
            auth_time: person.auth_time,
        };
        let accepted = login::accept_unasked(self.at, &sealed, &session).await;
        let accepted = accepted.map_err(|problem| ("access_denied".to_owned(), problem))?;
        let ticket = parameter(&accepted, "ticket").ok_or_else(broken)?;
        let resume = format!("/authorize/resume?ticket={ticket}");
        let resumed = self.get(&resume, cookie).await.ok_or_else(broken)?;
        let code = parameter(&resumed, "code").ok_or_else(|| error_of(&resumed))?;
        Ok(Redemption {
            code,
            redirect_uri: REDIRECT_URI.to_owned(),
            verifier,
        })
    }

    async fn get(&self, path: &str, cookie: Option<String>) -> Option<Response<Bytes>> {
        let path = format!("{}{path}", path_of(&self.at.address.base));
        let mut request = Request::get(path).body(Bytes::new()).ok()?;
        if let Some(cookie) = cookie.and_then(|it| HeaderValue::try_from(it).ok()) {
            request.headers_mut().insert(COOKIE, cookie);
        }
        Some(self.at.serve(request).await)
    }
}

impl Redemption {
    /// One that every client is refused which may redeem codes at all.
    pub(crate) fn of_nothing() -> Self {
        Self {
            code: "none".to_owned(),
            redirect_uri: REDIRECT_URI.to_owned(),
            verifier: "x".repeat(43),
        }
    }

    /// The request that redeems the code, in the place of a request with these credentials: its headers, and
    /// parameters of its form.
    pub(crate) fn request<'a>(
        &self,
        at: &At<'_>,
        sent: Option<&Request<Bytes>>,
        credentials: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Request<Bytes> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", &self.code),
                ("redirect_uri", &self.redirect_uri),
                ("code_verifier", &self.verifier),
            ])
            .extend_pairs(credentials)
            .finish();
        let mut request = Request::new(Bytes::from(form));
        *request.method_mut() = http::Method::POST;
        if let Ok(uri) = format!("{}/token", path_of(&at.address.base)).parse() {
            *request.uri_mut() = uri;
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        if let Some(sent) = sent {
            *request.extensions_mut() = sent.extensions().clone();
            for name in [AUTHORIZATION, ORIGIN] {
                for value in sent.headers().get_all(&name) {
                    request.headers_mut().append(&name, value.clone());
                }
            }
        }
        request
    }

    /// The server's answer to the code, whose client proves nothing.
    pub(crate) async fn redeem(&self, at: &At<'_>, client: Client) -> Response<Bytes> {
        let id = client.id.clone();
        let request = self.request(at, None, [("client_id", id.as_str())]);
        let mut lent = client;
        lent.authentication = ClientAuthentication::None;
        lent.refresh.delivery = Delivery::Body {
            allowed_origins: Vec::new(),
        };
        on_loan(Some(lent), at.serve(request)).await
    }
}

/// A parameter of the address that the browser is sent to.
fn parameter(response: &Response<Bytes>, name: &str) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let location = Url::parse(location).ok()?;
    let mut pairs = location.query_pairs();
    Some(pairs.find(|(own, _)| own == name)?.1.into_owned())
}

/// The error that an answer at the authorization endpoint ends with.
fn error_of(response: &Response<Bytes>) -> (String, String) {
    let error = parameter(response, "error").unwrap_or_else(|| "invalid_request".to_owned());
    let description = parameter(response, "error_description");
    (
        error,
        description.unwrap_or_else(|| "the server refused the login".to_owned()),
    )
}

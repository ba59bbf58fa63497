//! The debugger: reads tokens, runs logins, shows the journal. It asks nobody but the mock itself,
//! and the mock as a client would, so that leniency, faults and claims apply.

use std::pin::Pin;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, SET_COOKIE, WWW_AUTHENTICATE},
    request::Builder,
};
use jeton::page::{Escaped, see_other};
use jeton_http::Dropped;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use url::form_urlencoded::{self, Serializer};

use crate::{
    at::At,
    control,
    fault::FAULT_HEADER,
    form::Form,
    layout::{Layout, path_of},
    lenient::WAIVED_HEADER,
    provider::Provider,
    spec::Endpoint,
};

mod flow;
mod pages;
mod time;
mod token;

use flow::Flow;
use pages::Received;
use token::Reading;

/// The headers that tell the mock where it is reached; the debugger reaches it as its visitor did.
const REACHED_BY: [HeaderName; 4] = [
    HOST,
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
];

const FORM: &str = "application/x-www-form-urlencoded";

/// The debugger for one request.
struct Debugger<'a> {
    at: &'a At<'a>,
    request: &'a Request<Bytes>,
    layout: Layout<'a>,
}

/// The debugger and its callback. Only a form on its own pages makes it do anything.
pub(crate) async fn respond(at: &At<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let debugger = Debugger {
        at,
        request,
        layout: Layout::new(at.issuer.name(), &at.address.browser),
    };
    let is_callback = request.uri().path().ends_with("/callback");
    if is_callback && request.method() == Method::GET {
        debugger.arrive().await
    } else if !is_callback && request.method() == Method::POST {
        debugger.act().await
    } else {
        debugger.show(StatusCode::OK, &Form::default(), "")
    }
}

/// The mock's answer to a request of the debugger's. The type is boxed because what answers may be
/// the debugger, which asks.
fn ask_mock(
    provider: &Provider,
    request: Request<Bytes>,
) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, Dropped>> + Send + '_>> {
    Box::pin(provider.handle(request))
}

impl Debugger<'_> {
    fn show(&self, status: StatusCode, form: &Form, result: &str) -> Response<Bytes> {
        let body = pages::debugger(self.at, self.layout.path(), form, result);
        self.layout.sheet(status, "Debugger", &body)
    }

    fn refuse(&self, problem: &str) -> Response<Bytes> {
        let alert = format!("<p role=\"alert\">{}</p>", Escaped(problem));
        self.show(StatusCode::BAD_REQUEST, &Form::default(), &alert)
    }

    async fn act(&self) -> Response<Bytes> {
        if !self.is_own_form() {
            return self.refuse("This form was sent from a page that is not the mock's.");
        }
        let form = Form::body(self.request);
        match form.get("do") {
            Some("authorize") => self.depart(&form),
            Some("client_credentials") => self.client_credentials(&form).await,
            _ => self.read(&form).await,
        }
    }

    /// Whether a form stands on a page of the mock's: one on another site must not make tokens here.
    fn is_own_form(&self) -> bool {
        let known = self.at.provider.addresses().origins();
        control::origin::foreign(self.request.headers(), known).is_none()
    }

    async fn read(&self, form: &Form) -> Response<Bytes> {
        let Some(token) = form.get("token") else {
            return self.refuse("Paste a token to read it.");
        };
        let keys = self.published_keys().await;
        let section = pages::reading(self.at, "", &Reading::of(token), &keys).await;
        self.show(StatusCode::OK, form, &section)
    }

    fn depart(&self, form: &Form) -> Response<Bytes> {
        match Flow::begin(self.at, self.request, form) {
            Ok(departure) => {
                let mut response = see_other(&departure.location);
                if let Some(cookie) = departure.cookie {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                response
            }
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    /// The page for a browser that is back, with a code or with an error.
    async fn arrive(&self) -> Response<Bytes> {
        let query = Form::query(self.request);
        let state = query.get("state").unwrap_or_default();
        let Some(flow) = Flow::find(self.request, state) else {
            return self.refuse(
                "No login that began here, in this browser, is waiting for this answer. \
                 It may have been shown already: log in once more.",
            );
        };
        let mut result = match query.get("error") {
            None => String::new(),
            Some(error) => format!(
                "<p role=\"alert\">The login ended with <code>{}</code>.</p>",
                Escaped(error)
            ),
        };
        result += &pages::redirect("Answer of /authorize", self.sender(&query), query.pairs());
        if let Some(code) = query.get("code") {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &flow.redirect_uri),
                ("code_verifier", &flow.code_verifier),
            ];
            let secret = flow.client_secret.as_deref();
            let (section, body) = self.token(&flow.client_id, secret, &form).await;
            result += &section;
            result += &self.tokens(&body, Some(&flow.nonce)).await;
            result += &self.userinfo(&body).await;
        }
        let mut response = self.show(StatusCode::OK, &Form::default(), &result);
        if let Some(cookie) = Flow::end(self.at, state) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// What is wrong with the sender of an answer: it must be the issuer that was asked (RFC 9207
    /// §2.4).
    fn sender(&self, query: &Form) -> &'static str {
        match query.get("iss") {
            Some(iss) if iss == self.at.address.issuer => "",
            Some(_) => {
                "<p role=\"alert\">Its <code>iss</code> is another issuer's: a client must refuse \
                 it.</p>"
            }
            None => "<p>It does not say by <code>iss</code> who sent it.</p>",
        }
    }

    async fn client_credentials(&self, form: &Form) -> Response<Bytes> {
        let client_id = form.get("client_id").unwrap_or_default();
        let mut body = vec![("grant_type", "client_credentials")];
        body.extend(form.get("scope").map(|scope| ("scope", scope)));
        let (mut result, body) = self
            .token(client_id, form.get("client_secret"), &body)
            .await;
        result += &self.tokens(&body, None).await;
        self.show(StatusCode::OK, &Form::default(), &result)
    }

    /// The token endpoint's answer, as a section of the page and as JSON.
    async fn token(
        &self,
        client_id: &str,
        secret: Option<&str>,
        form: &[(&str, &str)],
    ) -> (String, Value) {
        let mut form = form.to_vec();
        let mut request = self.to(&Method::POST, Endpoint::Token);
        match secret {
            Some(secret) => request = request.header(AUTHORIZATION, basic(client_id, secret)),
            None => form.push(("client_id", client_id)),
        }
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header(CONTENT_TYPE, FORM).body(Bytes::from(form));
        let answer = self.send("Answer of /token", request).await;
        let json = serde_json::from_str(&answer.body).unwrap_or_default();
        (pages::received(&answer), json)
    }

    /// A section for each token of a token response.
    async fn tokens(&self, body: &Value, nonce: Option<&str>) -> String {
        let keys = self.published_keys().await;
        let mut sections = String::new();
        for (member, title) in [("access_token", "Access token"), ("id_token", "ID token")] {
            let Some(token) = body.get(member).and_then(Value::as_str) else {
                continue;
            };
            let reading = Reading::of(token);
            if let (Reading::Jwt(jwt), "id_token", Some(nonce)) = (&reading, member, nonce)
                && jwt.claims.get("nonce").and_then(Value::as_str) != Some(nonce)
            {
                sections += "<p role=\"alert\">The ID token has not the <code>nonce</code> that \
                     was asked for: a client must refuse it.</p>";
            }
            sections += &pages::reading(self.at, title, &reading, &keys).await;
        }
        if sections.is_empty() {
            return sections;
        }
        format!("<div class=\"columns\">{sections}</div>")
    }

    async fn userinfo(&self, body: &Value) -> String {
        let token = body.get("access_token").and_then(Value::as_str);
        let scope = body.get("scope").and_then(Value::as_str);
        let is_openid = scope.is_some_and(|scope| scope.split(' ').any(|it| it == "openid"));
        let Some(token) = token.filter(|_| is_openid) else {
            return String::new();
        };
        let request = self
            .to(&Method::GET, Endpoint::Userinfo)
            .header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = self.send("Answer of /userinfo", request.body(Bytes::new()));
        pages::received(&answer.await)
    }

    /// A request to an endpoint of this issuer, on the way this one came.
    fn to(&self, method: &Method, endpoint: Endpoint) -> Builder {
        let path = format!("{}{}", path_of(&self.at.address.issuer), endpoint.path());
        let mut builder = Request::builder().method(method).uri(path);
        for name in REACHED_BY {
            if let Some(value) = self.request.headers().get(&name) {
                builder = builder.header(name, value);
            }
        }
        if let Some(extensions) = builder.extensions_mut() {
            extensions.extend(self.request.extensions().clone());
        }
        builder
    }

    async fn send(&self, what: &'static str, request: http::Result<Request<Bytes>>) -> Received {
        let failed = |status: String| Received {
            what,
            status,
            headers: Vec::new(),
            body: String::new(),
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return failed(error.to_string()),
        };
        match ask_mock(self.at.provider, request).await {
            Ok(response) => Received {
                what,
                status: response.status().to_string(),
                headers: shown(response.headers()),
                body: String::from_utf8_lossy(response.body()).into_owned(),
            },
            Err(Dropped) => failed("none: the connection was closed".to_owned()),
        }
    }

    /// What clients see at JWKS, past all faults: reading a token must not use one up.
    async fn published_keys(&self) -> JwkSet {
        let request = self.to(&Method::GET, Endpoint::Jwks).body(Bytes::new());
        let mut keys = JwkSet { keys: Vec::new() };
        if let Ok(request) = request {
            let response = self.at.serve(request).await;
            keys = serde_json::from_slice(response.body()).unwrap_or(keys);
        }
        let hidden = self.at.issuer.hidden_keys().await;
        keys.keys.retain(|key| {
            let kid = key.common.key_id.as_ref();
            !kid.is_some_and(|kid| hidden.contains(kid))
        });
        keys
    }
}

/// `Authorization: Basic` (RFC 6749 §2.3.1): both parts are form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// The headers of an answer that are worth showing.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    [CONTENT_TYPE, WWW_AUTHENTICATE, FAULT_HEADER, WAIVED_HEADER]
        .iter()
        .filter_map(|name| {
            let value = headers.get(name)?;
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            Some((name.to_string(), value))
        })
        .collect()
}

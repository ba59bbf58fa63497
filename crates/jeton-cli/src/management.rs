//! A client of the management interface: of a deployment that is reached by HTTP, or of one that runs in
//! this process over an SQLite file. Either way the server makes every check; here is none.

use std::sync::Once;

use anyhow::{Context, Result, bail};
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION},
};
use jeton::path_segment;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::members::Members;

mod at;
mod data;
mod kind;
mod place;
mod refused;
mod token;

pub(crate) use kind::Kind;
use kind::Named;
pub(crate) use place::{args, connect, create_arg};
use refused::Refused;

/// The most pages of one list: a server that never ends one would else be asked for ever.
const MOST_PAGES: usize = 100_000;

/// That others know late of a change: said once.
static SAID_LATE: Once = Once::new();

/// The management interface of one deployment, with an access token that opens it.
pub(crate) struct Management {
    transport: Transport,
    /// `{issuer}/manage`.
    base: String,
    authorization: HeaderValue,
    place: String,
    issuer: Option<String>,
}

/// How requests come to the server.
enum Transport {
    At(at::Http),
    Data(Box<data::InProcess>),
}

/// One registered document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// By which its URL names it.
    pub(crate) id: String,
    /// The version that stands, as `If-Match` takes it.
    pub(crate) etag: String,
    /// What is registered; empty where that is no JSON object.
    pub(crate) document: Members,
    /// Why the server cannot serve it.
    pub(crate) problem: Option<String>,
}

/// A document that was written.
pub(crate) struct Written {
    /// As it stands.
    pub(crate) entry: Entry,
    /// A client's new secret, this once.
    pub(crate) secret: Option<String>,
}

impl Entry {
    /// The entry as JSON, as lists have it and as `set` takes it.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({ "id": self.id, "etag": self.etag, "document": self.document });
        if let (Some(json), Some(problem)) = (json.as_object_mut(), &self.problem) {
            json.insert("problem".to_owned(), json!(problem));
        }
        json
    }

    /// The same document in the version `etag`, where it was read in one.
    pub(crate) fn of_version(self, etag: Option<String>) -> Self {
        Self {
            etag: etag.unwrap_or(self.etag),
            ..self
        }
    }

    fn from_json(json: &Value) -> Option<Self> {
        let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            id: text("id")?,
            etag: text("etag")?,
            document: json
                .get("document")?
                .as_object()
                .cloned()
                .unwrap_or_default(),
            problem: text("problem"),
        })
    }
}

impl Management {
    /// The deployment, for people: its URL, or the file.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The deployment's issuer identifier, where it is known.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Every document of a kind, in the order of their ids.
    pub(crate) fn list(&self, kind: Kind) -> Result<Vec<Entry>> {
        self.pages(&format!("/{}", kind.path()), "")?
            .iter()
            .map(|item| Entry::from_json(item).with_context(|| self.misread("a list of documents")))
            .collect()
    }

    /// The items of every page of a list.
    pub(crate) fn pages(&self, path: &str, query: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut page = format!("{path}?{query}");
        for _ in 0..MOST_PAGES {
            let answer = self.send(self.request(Method::GET, page.trim_end_matches('?'))?)?;
            let answer = answer.into_body();
            let found = answer.get("items").and_then(Value::as_array);
            items.extend(
                found
                    .with_context(|| self.misread("a list"))?
                    .iter()
                    .cloned(),
            );
            let Some(next) = answer.get("next").and_then(Value::as_str) else {
                return Ok(items);
            };
            let and = if query.is_empty() { "" } else { "&" };
            page = format!("{path}?{query}{and}after={}", path_segment(next));
        }
        bail!("{}: the list does not end", self.place)
    }

    /// The document that people know by `name`, if it is registered.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Result<Option<Entry>> {
        match kind.named() {
            Named::Id => match self.send(self.request(Method::GET, &kind.path_of(name))?) {
                Ok(answer) => Ok(Some(self.written(name, answer)?.entry)),
                Err(error) if is(&error, StatusCode::NOT_FOUND) => Ok(None),
                Err(error) => Err(error),
            },
            Named::Member(member) => {
                let query = format!("{member}={}", path_segment(name));
                let found = self.pages(&format!("/{}", kind.path()), &query)?;
                let found = found.first().map(|item| {
                    Entry::from_json(item).with_context(|| self.misread("a list of documents"))
                });
                found.transpose()
            }
        }
    }

    /// The same.
    ///
    /// # Errors
    /// It is not registered.
    pub(crate) fn get(&self, kind: Kind, name: &str) -> Result<Entry> {
        self.find(kind, name)?
            .with_context(|| format!("{} has no {kind} {name:?}", self.place))
    }

    /// Registers a document.
    pub(crate) fn create(&self, kind: Kind, document: &Members) -> Result<Written> {
        let request = self.request(Method::POST, &format!("/{}", kind.path()))?;
        let answer = self.send(with_body(request, document)?)?;
        let location = answer.headers().get(LOCATION);
        let location = location.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let id = location.rsplit('/').next().unwrap_or_default();
        let id = percent_decode_str(id).decode_utf8_lossy().into_owned();
        self.written(&id, answer)
    }

    /// Puts `document` in the place of the version that `entry` is.
    pub(crate) fn replace(&self, kind: Kind, entry: &Entry, document: &Members) -> Result<Written> {
        let request = self.request(Method::PUT, &kind.path_of(&entry.id))?;
        let request = if_match(request, &entry.etag)?;
        let answer = self.send(with_body(request, document)?)?;
        self.say_late();
        self.written(&entry.id, answer)
    }

    /// Changes members (RFC 7396) of the version that `entry` is.
    pub(crate) fn patch(&self, kind: Kind, entry: &Entry, patch: &Members) -> Result<Written> {
        let request = self.request(Method::PATCH, &kind.path_of(&entry.id))?;
        let request = if_match(request, &entry.etag)?;
        let answer = self.send(with_body(request, patch)?)?;
        self.say_late();
        self.written(&entry.id, answer)
    }

    /// Deletes the version that `entry` is.
    pub(crate) fn delete(&self, kind: Kind, entry: &Entry) -> Result<()> {
        let request = self.request(Method::DELETE, &kind.path_of(&entry.id))?;
        self.send(if_match(request, &entry.etag)?)?;
        self.say_late();
        Ok(())
    }

    /// What the interface answers to a request beneath it, with a body if there is one.
    pub(crate) fn call(&self, method: Method, path: &str, body: Option<&Members>) -> Result<Value> {
        let request = self.request(method, path)?;
        let request = match body {
            Some(body) => with_body(request, body)?,
            None => request,
        };
        Ok(self.send(request)?.into_body())
    }

    /// Says who knows late of a change of what is registered: others may answer what they have read from
    /// memory. What is new they read when it is asked for.
    pub(crate) fn say_late(&self) {
        let who = match self.transport {
            Transport::At(_) => {
                "other processes of the deployment know within its JETON_REGISTRY_MAX_AGE, on Cloudflare plus 60 seconds"
            }
            Transport::Data(_) => {
                "a server that runs on this file knows within its JETON_REGISTRY_MAX_AGE"
            }
        };
        SAID_LATE.call_once(|| eprintln!("{who}"));
    }

    fn request(&self, method: Method, path: &str) -> Result<Request<String>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.authorization);
        request
            .body(String::new())
            .with_context(|| self.place.clone())
    }

    /// The answer to a request, its body parsed; `null` where it has none.
    fn send(&self, request: Request<String>) -> Result<Response<Value>> {
        let answer = match &self.transport {
            Transport::At(http) => http.send(request),
            Transport::Data(server) => server.send(request),
        };
        let (head, text) = answer.with_context(|| self.place.clone())?.into_parts();
        let body = if text.trim().is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(&text)
        };
        if head.status.is_success() {
            let body = body.with_context(|| self.misread("JSON"))?;
            return Ok(Response::from_parts(head, body));
        }
        Err(Refused::new(&head, body.ok().as_ref())
            .at(&self.place)
            .into())
    }

    fn written(&self, id: &str, answer: Response<Value>) -> Result<Written> {
        let etag = answer.headers().get(ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let Value::Object(mut document) = answer.into_body() else {
            bail!(self.misread("a document"));
        };
        // What is said this once is none of its members.
        document.remove("client_secret_expires_at");
        let secret = document.remove("client_secret");
        Ok(Written {
            entry: Entry {
                id: id.to_owned(),
                etag: etag.with_context(|| self.misread("an ETag"))?,
                document,
                problem: None,
            },
            secret: secret.and_then(|it| it.as_str().map(str::to_owned)),
        })
    }

    fn misread(&self, what: &str) -> String {
        format!(
            "{}: expected {what} in the answer; is it a Jeton deployment?",
            self.place
        )
    }
}

/// Whether an error is a refusal with this status.
pub(crate) fn is(error: &anyhow::Error, status: StatusCode) -> bool {
    error
        .downcast_ref::<Refused>()
        .is_some_and(|it| it.status == status)
}

fn with_body(mut request: Request<String>, body: &Members) -> Result<Request<String>> {
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    *request.body_mut() = serde_json::to_string(body)?;
    Ok(request)
}

fn if_match(mut request: Request<String>, etag: &str) -> Result<Request<String>> {
    let value = HeaderValue::from_str(etag);
    let value = value.with_context(|| format!("etag: {etag:?} is none"))?;
    request.headers_mut().insert(IF_MATCH, value);
    Ok(request)
}

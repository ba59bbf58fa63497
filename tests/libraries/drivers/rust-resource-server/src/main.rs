//! Does what it is told by lines of JSON: ../../../README.md has the protocol.

mod serve;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use jeton_resource_server::{
    Algorithm, Claims, ClientAuthentication, Clock, Credentials, Error, Need, ResourceServer,
    SystemClock,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};

/// By how many seconds the clock of all resource servers is ahead.
static OFFSET: AtomicI64 = AtomicI64::new(0);

#[derive(Default)]
struct Driver(Mutex<HashMap<String, ResourceServer>>);

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Operation {
    ResourceServer(Box<Settings>),
    Verify(Box<Verify>),
    Metadata {
        resource_server: String,
    },
    Clock {
        offset: i64,
    },
    Serve {
        resource_server: String,
        framework: String,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct Settings {
    r#as: String,
    issuer: String,
    audience: OneOrMany,
    resource: Option<String>,
    algorithms: Option<Vec<Algorithm>>,
    introspection: Option<Introspection>,
    leeway: Option<u64>,
    dpop_nonce_secret: Option<String>,
    jwks: Option<Value>,
    metadata: Option<Value>,
}

#[derive(Deserialize)]
struct Introspection {
    client_id: String,
    authentication: Authentication,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Authentication {
    Secret { secret: String },
    PrivateKeyJwt { jwk: Value },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
struct Verify {
    resource_server: String,
    authorization: Option<OneOrMany>,
    method: Option<String>,
    url: Option<String>,
    dpop: Option<OneOrMany>,
    certificate: Option<String>,
    #[serde(default)]
    scope_all: Vec<String>,
    #[serde(default)]
    scope_any: Vec<String>,
    #[serde(default)]
    acr_values: Vec<String>,
    max_age: Option<u64>,
    times: Option<usize>,
}

/// What an operation answers with where it fails: an error of the library, or of this program.
enum Failed {
    Library(Error),
    Driver(anyhow::Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Driver(error)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let driver = Arc::new(Driver::default());
    let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel::<Value>();
    let writing = tokio::spawn(async move {
        let mut output = stdout();
        while let Some(answer) = answered.recv().await {
            let line = format!("{answer}\n");
            if output.write_all(line.as_bytes()).await.is_err() || output.flush().await.is_err() {
                break;
            }
        }
    });
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let request: Value = serde_json::from_str(&line)?;
        let id = request.get("id").cloned().unwrap_or_default();
        let operation = Operation::deserialize(request);
        let (driver, answers) = (Arc::clone(&driver), answers.clone());
        // What changes the driver is done in order; what takes time is not waited for.
        let done = match operation {
            Ok(Operation::Verify(verify)) => {
                tokio::spawn(async move {
                    let done = driver.verify(*verify).await;
                    answers.send(answer(&id, done))
                });
                continue;
            }
            Ok(operation) => driver.run(operation).await,
            Err(error) => Err(anyhow!(error).into()),
        };
        answers.send(answer(&id, done))?;
    }
    drop(answers);
    writing.await?;
    Ok(())
}

fn answer(id: &Value, done: Result<Value, Failed>) -> Value {
    match done {
        Ok(ok) => json!({ "id": id, "ok": ok }),
        Err(Failed::Driver(error)) => {
            let code = if error.to_string() == UNSUPPORTED {
                UNSUPPORTED
            } else {
                "failed"
            };
            let message = format!("{error:#}");
            json!({ "id": id, "error": { "fault": "driver", "code": code, "message": message } })
        }
        Err(Failed::Library(error)) => {
            let challenge: Vec<_> = error.challenge().collect();
            json!({ "id": id, "error": {
                "fault": error.fault().as_str(),
                "code": error.code().as_str(),
                "message": error.message(),
                "status": error.status().as_u16(),
                "retry_after": error.retry_after(),
                "challenge": challenge,
                "headers": headers(error.headers()),
            } })
        }
    }
}

const UNSUPPORTED: &str = "unsupported";

/// Each once: none of them stands twice but the challenges, which are told apart.
fn headers(headers: &HeaderMap) -> HashMap<&str, &str> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect()
}

/// The machine's clock, ahead by what the suite says.
fn clock() -> Duration {
    let offset = OFFSET.load(Ordering::Relaxed);
    let by = Duration::from_secs(offset.unsigned_abs());
    match offset {
        0.. => SystemClock.now() + by,
        _ => SystemClock.now().saturating_sub(by),
    }
}

impl Driver {
    fn get(&self, name: &str) -> Result<ResourceServer> {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        servers
            .get(name)
            .cloned()
            .context("no such resource server")
    }

    async fn run(&self, operation: Operation) -> Result<Value, Failed> {
        match operation {
            Operation::ResourceServer(settings) => {
                let name = settings.r#as.clone();
                let server = built(*settings)?;
                let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                servers.insert(name, server);
                Ok(json!({}))
            }
            Operation::Metadata { resource_server } => {
                let server = self.get(&resource_server)?;
                let metadata = server.metadata().context("there is no metadata")?;
                Ok(json!({ "path": metadata.path, "document": metadata.document }))
            }
            Operation::Clock { offset } => {
                OFFSET.store(offset, Ordering::Relaxed);
                Ok(json!({}))
            }
            Operation::Serve {
                resource_server,
                framework,
            } if framework == "axum" => {
                let url = serve::axum(self.get(&resource_server)?).await?;
                Ok(json!({ "url": url }))
            }
            _ => Err(anyhow!(UNSUPPORTED).into()),
        }
    }

    async fn verify(&self, verify: Verify) -> Result<Value, Failed> {
        let server = self.get(&verify.resource_server)?;
        let times = verify.times.unwrap_or(1).max(1);
        let verify = Arc::new(verify);
        let callers: Vec<_> = (0..times)
            .map(|_| tokio::spawn(once(server.clone(), Arc::clone(&verify))))
            .collect();
        let mut claims = None;
        for caller in callers {
            claims = Some(caller.await.map_err(anyhow::Error::from)??);
        }
        Ok(json!({ "claims": claims }))
    }
}

async fn once(server: ResourceServer, verify: Arc<Verify>) -> Result<Claims, Failed> {
    let list = |values: &'_ Option<OneOrMany>| -> Vec<String> {
        match values {
            None => Vec::new(),
            Some(OneOrMany::One(one)) => vec![one.clone()],
            Some(OneOrMany::Many(many)) => many.clone(),
        }
    };
    let (authorization, proofs) = (list(&verify.authorization), list(&verify.dpop));
    let method = verify.method.as_deref().unwrap_or("GET");
    let mut credentials = Credentials::new().request(method, verify.url.as_deref().unwrap_or("/"));
    for value in &authorization {
        credentials = credentials.authorization(value);
    }
    for value in &proofs {
        credentials = credentials.dpop(value);
    }
    if let Some(certificate) = &verify.certificate {
        let der = STANDARD.decode(certificate).context("the certificate")?;
        credentials = credentials.certificate(&der);
    }
    let mut need = Need::new().scope(verify.scope_all.clone());
    // Of an empty list there is never one.
    if !verify.scope_any.is_empty() {
        need = need.any_scope(verify.scope_any.clone());
    }
    if !verify.acr_values.is_empty() {
        need = need.acr_values(verify.acr_values.clone());
    }
    if let Some(seconds) = verify.max_age {
        need = need.max_age(seconds);
    }
    Ok(server.authorize(&credentials, &need).await?)
}

fn built(settings: Settings) -> Result<ResourceServer, Failed> {
    let mut audience = settings.audience.into_vec().into_iter();
    // None at all is as good as an empty one: the crate has no way to say it.
    let first = audience.next().unwrap_or_default();
    let mut builder = ResourceServer::builder(settings.issuer, first).clock(clock);
    for another in audience {
        builder = builder.audience(another);
    }
    if let Some(resource) = settings.resource {
        builder = builder.resource(resource);
    }
    if let Some(algorithms) = settings.algorithms {
        builder = builder.algorithms(algorithms);
    }
    if let Some(Introspection {
        client_id,
        authentication,
    }) = settings.introspection
    {
        let authentication = match authentication {
            Authentication::Secret { secret } => ClientAuthentication::secret(secret),
            Authentication::PrivateKeyJwt { jwk } => ClientAuthentication::private_key_jwt(&jwk)?,
        };
        builder = builder.introspection(client_id, authentication);
    }
    if let Some(seconds) = settings.leeway {
        builder = builder.leeway(seconds);
    }
    if let Some(secret) = settings.dpop_nonce_secret {
        builder = builder.dpop_nonce_secret(secret);
    }
    builder = match settings.jwks {
        Some(Value::String(uri)) => builder.jwks_uri(uri),
        Some(document) => builder.jwks(document),
        None => builder,
    };
    if let Some(document) = settings.metadata {
        builder = builder.metadata(document);
    }
    Ok(builder.build()?)
}

//! What the driver has made, by name, and what it does with that.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use futures_util::future::join_all;
use http::Method;
use jeton_client::{
    AccessToken, Authentication, Authorizer, BoxFuture, Client, Clock, Device, Error, FileStore,
    MemoryStore, OsRandom, PlatformToken, Session, SigningKey, Store, TokenRequest,
    reqwest::TokioClock,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    call,
    protocol::{
        AuthenticationOptions, CallOptions, ClientOptions, Request, SessionOptions, SourceOptions,
        Target, TokenOptions, Way,
    },
};

/// An answer, or the error as the protocol has it.
type Answer = Result<Value, Value>;

#[derive(Default)]
pub(crate) struct Driver {
    clients: Named<Client>,
    sessions: Named<Kept>,
    devices: Named<Arc<Device>>,
    clock: OffsetClock,
    devices_begun: AtomicU64,
}

/// A session, and what is needed to have it anew.
#[derive(Clone)]
struct Kept {
    session: Session,
    options: Arc<SessionOptions>,
    store: Arc<dyn Store>,
}

struct Named<T>(Mutex<HashMap<String, T>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Named<T> {
    fn put(&self, name: String, value: T) {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.insert(name, value);
    }

    fn get(&self, name: &str) -> Result<T, Value> {
        let named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named
            .get(name)
            .cloned()
            .ok_or_else(|| fault_of_driver("there is none of this name"))
    }
}

/// The time, with what the suite adds.
#[derive(Clone, Default)]
struct OffsetClock(Arc<Mutex<f64>>);

impl Clock for OffsetClock {
    fn now(&self) -> Duration {
        let offset = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = (TokioClock.now().as_secs_f64() + offset).max(0.0);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        TokioClock.sleep(duration)
    }
}

impl Driver {
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Client(options) => self.client(options),
            Request::Token(options) => self.token(options).await,
            Request::Call(options) => self.call(options).await,
            Request::Clock { offset } => {
                *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = offset;
                Ok(json!({}))
            }
            Request::Device { client, scope } => self.device(&client, &scope).await,
            Request::DeviceWait { handle } => {
                let token = self.devices.get(&handle)?.wait().await.map_err(described)?;
                tokens(vec![Ok(token)])
            }
            Request::Session(options) => self.session(options),
            Request::Login { session } => {
                let url = self.sessions.get(&session)?.session.login().await;
                Ok(json!({"url": url.map_err(described)?.as_str()}))
            }
            Request::Callback { session, url } => {
                let claims = self.sessions.get(&session)?.session.callback(&url).await;
                Ok(json!({"claims": claims.map_err(described)?}))
            }
            Request::SessionToken { session, times } => {
                let session = self.sessions.get(&session)?.session;
                let all = (0..times.unwrap_or(1)).map(|_| session.access_token());
                tokens(join_all(all).await)
            }
            Request::Logout { session } => {
                let done = self.sessions.get(&session)?.session.logout().await;
                Ok(json!({"url": done.map_err(described)?.url.map(String::from)}))
            }
            Request::Forget { session } => self.forget(session),
        }
    }

    fn client(&self, options: ClientOptions) -> Answer {
        let authentication = match options.authentication {
            AuthenticationOptions::Secret { secret } => Authentication::client_secret(secret),
            AuthenticationOptions::PrivateKeyJwt { jwk } => {
                let key = SigningKey::from_jwk(&jwk.to_string()).map_err(described)?;
                Authentication::private_key_jwt(key)
            }
            AuthenticationOptions::Platform { source } => {
                Authentication::platform_token(match source {
                    SourceOptions::Github { audience: None } => PlatformToken::github_actions(),
                    SourceOptions::Github {
                        audience: Some(audience),
                    } => PlatformToken::github_actions_for(audience),
                    SourceOptions::File { path } => PlatformToken::file(path),
                })
            }
            AuthenticationOptions::None => Authentication::none(),
        };
        let mut builder = Client::builder(options.issuer, options.client_id)
            .authentication(authentication)
            .clock(self.clock.clone());
        if options.dpop {
            builder = builder.dpop(SigningKey::generate(&OsRandom).map_err(described)?);
        }
        if let Some(metadata) = options.metadata {
            let metadata = serde_json::from_value(metadata);
            builder =
                builder.metadata(metadata.map_err(|error| fault_of_driver(&error.to_string()))?);
        }
        self.clients
            .put(options.name, builder.build().map_err(described)?);
        Ok(json!({}))
    }

    async fn token(&self, options: TokenOptions) -> Answer {
        let client = self.clients.get(&options.client)?;
        let request = request(options.target);
        let all = (0..options.times.unwrap_or(1)).map(|_| client.token(&request));
        tokens(join_all(all).await)
    }

    async fn call(&self, options: CallOptions) -> Answer {
        let client = self.clients.get(&options.client)?;
        let authorizer = Authorizer::new(client, request(options.target));
        let method = options.method.as_deref().unwrap_or("GET");
        let method: Method = method.parse().map_err(|_| fault_of_driver("no method"))?;
        let (url, body) = (&*options.url, options.body);
        let answer = match options.via {
            None | Some(Way::Reqwest) => call::by_reqwest(authorizer, method, url, body).await,
            Some(Way::Tower) => call::by_tower(authorizer, method, url, body).await,
        };
        answer.map_err(|error| match call::of_the_library(&error) {
            Some(error) => described(error.clone()),
            None => fault_of_driver(&format!("{error:#}")),
        })
    }

    async fn device(&self, client: &str, scope: &str) -> Answer {
        let device = self
            .clients
            .get(client)?
            .device(scope)
            .await
            .map_err(described)?;
        let number = self.devices_begun.fetch_add(1, Ordering::Relaxed);
        let handle = format!("device {number}");
        let answer = json!({
            "user_code": device.user_code(),
            "verification_uri": device.verification_uri().as_str(),
            "verification_uri_complete": device.verification_uri_complete().map(|uri| uri.as_str()),
            "handle": handle,
        });
        self.devices.put(handle, Arc::new(device));
        Ok(answer)
    }

    fn session(&self, options: SessionOptions) -> Answer {
        let store: Arc<dyn Store> = match &options.store.folder {
            Some(folder) => Arc::new(FileStore::new(folder)),
            None => Arc::new(MemoryStore::new()),
        };
        let name = options.name.clone();
        let session = self.made(&options, &store)?;
        let options = Arc::new(options);
        self.sessions.put(
            name,
            Kept {
                session,
                options,
                store,
            },
        );
        Ok(json!({}))
    }

    fn forget(&self, name: String) -> Answer {
        let kept = self.sessions.get(&name)?;
        let session = self.made(&kept.options, &kept.store)?;
        self.sessions.put(name, Kept { session, ..kept });
        Ok(json!({}))
    }

    fn made(&self, options: &SessionOptions, store: &Arc<dyn Store>) -> Result<Session, Value> {
        let client = self.clients.get(&options.client)?;
        let key = Sha256::digest(&options.key);
        let session = client
            .session(
                Arc::clone(store),
                &key,
                &options.redirect_uri,
                &options.scope,
            )
            .map_err(described)?;
        let resources = options.resource.all().iter();
        Ok(resources.fold(session, |session, resource| {
            session.resource(resource.clone())
        }))
    }
}

fn request(target: Target) -> TokenRequest {
    let request = TokenRequest::new().scope(target.scope.as_deref().unwrap_or_default());
    let resources = target.resource.all().iter();
    resources.fold(request, |request, resource| {
        request.resource(resource.clone())
    })
}

/// What many callers were given.
fn tokens(answers: Vec<Result<AccessToken, Error>>) -> Answer {
    let answers: Vec<AccessToken> = answers
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(described)?;
    let distinct: BTreeSet<&str> = answers.iter().map(AccessToken::access_token).collect();
    let last = answers
        .last()
        .ok_or_else(|| fault_of_driver("asked no times"))?;
    let expires_at = last
        .expires_at()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(json!({
        "tokens": distinct,
        "token_type": last.token_type().as_str(),
        "expires_at": expires_at.as_secs(),
        "scope": last.scope(),
    }))
}

fn described(error: Error) -> Value {
    let mut described = Map::new();
    described.insert("fault".to_owned(), json!(error.fault().as_str()));
    described.insert("code".to_owned(), json!(error.code().as_str()));
    described.insert("message".to_owned(), json!(error.to_string()));
    if let Some(status) = error.status() {
        described.insert("status".to_owned(), json!(status));
    }
    if let Some(after) = error.retry_after() {
        described.insert("retry_after".to_owned(), json!(after.as_secs_f64().ceil()));
    }
    Value::Object(described)
}

fn fault_of_driver(message: &str) -> Value {
    json!({"fault": "driver", "code": "failed", "message": message})
}

//! An authorization server that sessions are tested with.

use serde_json::json;

use super::*;
use crate::{
    MemoryStore, OsRandom, SigningKey,
    testing::{self, BEGIN, ISSUER, Reply, Server, lost},
};

pub(super) const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
pub(super) const BACK: &str = "https://app.example/back";

/// What becomes of an answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Arrives,
    /// The server has done what it was asked, and nobody hears of it.
    IsLost,
    /// The same, and it takes this many seconds until that is certain.
    Hangs(f64),
    /// The server did not do it.
    Fails(u16),
}

/// An authorization server that rotates refresh tokens, and repeats itself for ten seconds.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) server: Server,
}

pub(super) struct State {
    /// How often the refresh token was rotated.
    generation: u32,
    rotated_at: Duration,
    pub(super) ended: bool,
    nonce: String,
    pub(super) subject: String,
    /// By the number of the refresh request.
    pub(super) fate: Box<dyn Fn(usize) -> Fate + Send>,
    refreshes: usize,
}

impl Site {
    pub(super) fn new(fate: impl Fn(usize) -> Fate + Send + 'static) -> Self {
        let state = Arc::new(Mutex::new(State {
            generation: 0,
            rotated_at: Duration::ZERO,
            ended: false,
            nonce: String::new(),
            subject: "ada".to_owned(),
            fate: Box::new(fate),
            refreshes: 0,
        }));
        let clock = testing::runtime().clock;
        let server = Server::new({
            let state = Arc::clone(&state);
            move |request, _| lock(&state).answer(request, clock.now())
        });
        Self { state, server }
    }

    /// The session as another process has it that shares the store.
    pub(super) fn session(&self, store: &Arc<dyn Store>) -> Session {
        let client = self.server.client().build().unwrap();
        client
            .session(Arc::clone(store), KEY, BACK, "openid read")
            .unwrap()
    }

    /// The same, logged in.
    pub(super) async fn logged_in(&self, store: &Arc<dyn Store>) -> Session {
        let session = self.session(store);
        let url = session.login().await.unwrap();
        session.callback(&self.consent(&url)).await.unwrap();
        session
    }

    /// Where the browser comes back to.
    pub(super) fn consent(&self, url: &Url) -> String {
        let value = |name| {
            url.query_pairs()
                .find(|(found, _)| found == name)
                .unwrap()
                .1
                .into_owned()
        };
        lock(&self.state).nonce = value("nonce");
        format!(
            "{BACK}?code=c0de&state={}&iss=https%3A%2F%2Ftokens.example",
            value("state")
        )
    }

    pub(super) fn requests(&self, path: &str) -> usize {
        self.server
            .seen()
            .iter()
            .filter(|seen| seen.url.ends_with(path))
            .count()
    }

    pub(super) fn refreshes(&self) -> usize {
        lock(&self.state).refreshes
    }
}

impl State {
    fn answer(&mut self, request: &http::Request<bytes::Bytes>, now: Duration) -> Reply {
        let form: Map<String, Value> = url::form_urlencoded::parse(request.body())
            .map(|(name, value)| (name.into_owned(), json!(value)))
            .collect();
        if request.uri().path() == "/revoke" {
            self.ended = true;
            return testing::json(200, "");
        }
        if form["grant_type"] == "authorization_code" {
            assert_eq!(
                (&form["code"], &form["redirect_uri"]),
                (&json!("c0de"), &json!(BACK))
            );
            return self.tokens();
        }
        assert_eq!(form["grant_type"], "refresh_token");
        self.refreshes += 1;
        let fate = (self.fate)(self.refreshes);
        if let Fate::Fails(status) = fate {
            return testing::json(status, "");
        }
        let presented = form["refresh_token"].as_str().unwrap();
        let current = format!("r{}", self.generation);
        let previous = format!("r{}", self.generation.saturating_sub(1));
        let repeats = presented == previous && now < self.rotated_at + Duration::from_secs(10);
        if self.ended || (presented != current && !repeats) {
            self.ended = true;
            return testing::json(400, json!({"error": "invalid_grant"}));
        }
        if presented == current {
            self.generation += 1;
            self.rotated_at = now;
        }
        match fate {
            Fate::IsLost => lost(),
            Fate::Hangs(seconds) => lost().after(seconds),
            Fate::Arrives | Fate::Fails(_) => self.tokens(),
        }
    }

    fn tokens(&self) -> Reply {
        let claims = json!({
            "iss": ISSUER, "sub": self.subject, "aud": "billing", "nonce": self.nonce,
            "exp": BEGIN.as_secs() + 100_000,
        });
        let key = SigningKey::generate(&OsRandom).unwrap();
        testing::json(
            200,
            json!({
                "access_token": format!("a{}", self.generation),
                "refresh_token": format!("r{}", self.generation),
                "id_token": key.sign(json!({}), &claims).unwrap(),
                "token_type": "Bearer",
                "expires_in": 100,
            }),
        )
    }
}

pub(super) fn arrives(_: usize) -> Fate {
    Fate::Arrives
}

pub(super) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

pub(super) async fn token(session: &Session) -> Result<String, Code> {
    let token = session.access_token().await.map_err(|error| error.code())?;
    Ok(token.access_token().to_owned())
}

//! Logging in on a device that has no browser (RFC 8628).

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use url::Url;

use crate::{
    client::Client,
    core::{Core, Endpoint, Form, LIMIT},
    error::{Code, Error},
    exchange::Refusal,
    metadata::is_trustworthy,
    session::{IdClaims, Session},
    token::{AccessToken, TokenResponse, seconds},
};

/// How often to ask where the server does not say (§3.2), and the most that a failure makes of it.
const INTERVAL: Duration = Duration::from_secs(5);
const SLOWEST: Duration = Duration::from_secs(60);

/// A device that a person is to be asked about, somewhere else.
pub struct Device {
    core: Arc<Core>,
    device_code: String,
    user_code: String,
    verification_uri: Url,
    verification_uri_complete: Option<Url>,
    expires_at: Duration,
    interval: Duration,
    scope: String,
    resources: Vec<String>,
}

impl Session {
    /// Begins the login of the person whose session this is, on a device: for the scope and the
    /// resources of the session. [`Device::wait_into`] ends it.
    ///
    /// # Errors
    /// As of [`Client::device`].
    pub async fn device(&self) -> Result<Device, Error> {
        self.client()
            .begin_device(self.scope(), self.resources())
            .await
    }
}

impl Client {
    /// Begins the login of a person who is elsewhere: they are shown the code and the address, while
    /// [`Device::wait`] waits for them.
    ///
    /// # Errors
    /// The server has no device authorization endpoint, or refuses.
    pub async fn device(&self, scope: &str) -> Result<Device, Error> {
        self.begin_device(scope, &[]).await
    }

    async fn begin_device(&self, scope: &str, resources: &[String]) -> Result<Device, Error> {
        let core = &self.core;
        let mut form: Form = vec![("scope", scope.to_owned())];
        form.extend(resources.iter().map(|one| ("resource", one.clone())));
        let once = || async {
            let answered = core
                .post(Endpoint::DeviceAuthorization, &form, LIMIT, None)
                .await?;
            let object = core.object(Endpoint::DeviceAuthorization, &answered)?;
            Ok((object, answered.sent_at))
        };
        let (answer, sent_at) = core.retrying(once).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = |name: &str| {
            Error::response(format!(
                "the device authorization endpoint answered no {name}"
            ))
        };
        let uri = |name: &str| {
            text(name)
                .and_then(|uri| Url::parse(&uri).ok())
                .filter(is_trustworthy)
        };
        let duration = |name: &str| answer.get(name).and_then(seconds);
        let lifetime = duration("expires_in").ok_or_else(|| missing("expires_in"))?;
        Ok(Device {
            core: Arc::clone(core),
            device_code: text("device_code").ok_or_else(|| missing("device_code"))?,
            user_code: text("user_code").ok_or_else(|| missing("user_code"))?,
            verification_uri: uri("verification_uri").ok_or_else(|| missing("verification_uri"))?,
            verification_uri_complete: uri("verification_uri_complete"),
            expires_at: sent_at.saturating_add(lifetime),
            interval: duration("interval")
                .unwrap_or(INTERVAL)
                .max(Duration::from_secs(1)),
            scope: scope.to_owned(),
            resources: resources.to_vec(),
        })
    }
}

impl Device {
    /// What the person types.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where they type it.
    #[must_use]
    pub fn verification_uri(&self) -> &Url {
        &self.verification_uri
    }

    /// The same with the code in it, to be shown as a QR code.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&Url> {
        self.verification_uri_complete.as_ref()
    }

    /// Until when they can.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH + self.expires_at
    }

    /// Waits until the person has decided: the access token.
    ///
    /// # Errors
    /// [`Code::AccessDenied`]: they said no. [`Code::ExpiredToken`]: they did not come in time.
    pub async fn wait(&self) -> Result<AccessToken, Error> {
        Ok(self.decided().await?.access)
    }

    /// The same, and begins `session` with it: the person stays logged in.
    ///
    /// # Errors
    /// As of [`wait`](Self::wait); or the store of the session does not work.
    pub async fn wait_into(&self, session: &Session) -> Result<IdClaims, Error> {
        session.begin(self.decided().await?, None).await
    }

    async fn decided(&self) -> Result<TokenResponse, Error> {
        let mut form: Form = vec![
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:device_code".to_owned(),
            ),
            ("device_code", self.device_code.clone()),
        ];
        form.extend(self.resources.iter().map(|one| ("resource", one.clone())));
        let runtime = &self.core.runtime;
        let (mut interval, mut failures) = (self.interval, 0);
        loop {
            let slower = interval
                .saturating_mul(1 << failures)
                .min(SLOWEST.max(interval));
            if runtime.now().saturating_add(slower) >= self.expires_at {
                let left = self.expires_at.saturating_sub(runtime.now());
                runtime.sleep(left).await;
                let message = "the person did not come in time";
                return Err(Error::new(Code::ExpiredToken, message));
            }
            runtime.sleep(slower).await;
            let refusal = match self.core.grant_once(&form, LIMIT, None).await {
                Ok(mut response) => {
                    response.access.or_scope(&self.scope);
                    return Ok(response);
                }
                Err(refusal) => refusal,
            };
            match &refusal {
                Refusal {
                    word: Some(word), ..
                } if word == "authorization_pending" => failures = 0,
                Refusal {
                    word: Some(word), ..
                } if word == "slow_down" => {
                    failures = 0;
                    interval += Duration::from_secs(5);
                }
                Refusal { error, .. }
                    if error.is_lost()
                        || error.retry_after().is_some()
                        || error.code() == Code::RateLimited =>
                {
                    failures = (failures + 1).min(5);
                    let after = error.retry_after().unwrap_or_default();
                    runtime
                        .sleep(after.min(self.expires_at.saturating_sub(runtime.now())))
                        .await;
                }
                Refusal { error, .. } => return Err(error.clone()),
            }
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("verification_uri", &self.verification_uri.as_str())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server, json, lost, token};

    /// A server that answers the token endpoint by what `answers` has, in this order.
    fn server(lifetime: u64, answers: Vec<fn() -> Reply>) -> Server {
        Server::new(move |request, number| {
            if request.uri().path() == "/device" {
                let uri = "https://tokens.example/activate";
                return json(
                    200,
                    serde_json::json!({
                        "device_code": "hunter2", "user_code": "WDJB-MJHT", "verification_uri": uri,
                        "verification_uri_complete": format!("{uri}?user_code=WDJB-MJHT"),
                        "expires_in": lifetime, "interval": 3,
                    }),
                );
            }
            answers[number - 1]()
        })
    }

    fn pending() -> Reply {
        json(400, r#"{"error":"authorization_pending"}"#)
    }

    fn slow_down() -> Reply {
        json(400, r#"{"error":"slow_down"}"#)
    }

    async fn wait(server: &Server) -> (Result<AccessToken, Error>, Vec<u64>) {
        let client = server.client().build().unwrap();
        let device = client.device("read").await.unwrap();
        let answer = device.wait().await;
        assert!(!format!("{device:?}").contains("hunter2"));
        let times = server
            .seen()
            .iter()
            .skip(1)
            .map(|seen| seen.at.as_secs())
            .collect();
        (answer, times)
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_the_server_says() {
        let approved = || token("t", 100);
        let server = server(600, vec![pending, slow_down, pending, approved]);
        let (answer, times) = wait(&server).await;
        let token = answer.unwrap();
        assert_eq!((token.access_token(), token.scope()), ("t", Some("read")));
        assert_eq!(times, [3, 6, 14, 22]);
        let seen = server.seen();
        assert_eq!(seen[0].parameter("scope").as_deref(), Some("read"));
        assert_eq!(seen[1].parameter("device_code").as_deref(), Some("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_session_it_is_for_its_resources() {
        let server = server(600, vec![|| token("t", 100)]);
        let client = server.client().build().unwrap();
        let store = Arc::new(crate::MemoryStore::new());
        let session = client
            .session(store, &[7; 32], "https://app.example", "read")
            .unwrap();
        let session = session.resource("https://api.example");
        session
            .device()
            .await
            .unwrap()
            .wait_into(&session)
            .await
            .unwrap();
        assert_eq!(session.access_token().await.unwrap().access_token(), "t");
        for seen in server.seen() {
            assert_eq!(
                seen.parameter("resource").as_deref(),
                Some("https://api.example")
            );
        }
        assert_eq!(server.seen()[0].parameter("scope").as_deref(), Some("read"));
    }

    #[tokio::test(start_paused = true)]
    async fn backs_off_while_the_network_is_away() {
        let server = server(
            600,
            vec![lost, || json(429, ""), || json(500, ""), pending, || {
                token("t", 100)
            }],
        );
        let (answer, times) = wait(&server).await;
        assert!(answer.is_ok());
        assert_eq!(times, [3, 9, 21, 45, 48]);
    }

    #[tokio::test(start_paused = true)]
    async fn comes_again_when_the_server_says() {
        let server = Server::new(|_, _| json(429, "").header("retry-after", "2"));
        let client = server.client().build().unwrap();
        let error = client.device("read").await.unwrap_err();
        assert_eq!(error.code(), Code::RateLimited);
        let times: Vec<u64> = server.seen().iter().map(|seen| seen.at.as_secs()).collect();
        assert_eq!(times, [0, 2, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn says_what_came_of_it() {
        let check = async |lifetime, answers, code, requests| {
            let (answer, times) = wait(&server(lifetime, answers)).await;
            assert_eq!((answer.unwrap_err().code(), times.len()), (code, requests));
        };
        let denied = || json(400, r#"{"error":"access_denied"}"#);
        let expired = || json(400, r#"{"error":"expired_token"}"#);
        check(600, vec![pending, denied], Code::AccessDenied, 2).await;
        check(600, vec![expired], Code::ExpiredToken, 1).await;
        check(8, vec![pending, pending], Code::ExpiredToken, 2).await;
    }
}

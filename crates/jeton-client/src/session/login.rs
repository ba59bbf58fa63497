//! Logging in: the authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700).

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::{IdClaims, RACES, Session, too_many, vault::Found};
use crate::{
    core::Form,
    error::{Code, Error},
    exchange,
    jws::{decode, encode},
    metadata::Metadata,
};

/// How long a person may take to log in.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// How many logins may be under way at once in one session, in as many tabs.
const AT_ONCE: usize = 8;

/// A login under way.
#[derive(Clone, Serialize, Deserialize)]
struct Transaction {
    state: String,
    nonce: String,
    verifier: String,
    began: Duration,
}

/// A login under way that is kept by the browser: for servers that keep nothing.
#[derive(Clone)]
pub struct SealedLogin {
    /// Where the person is to be sent.
    pub url: Url,
    /// What [`Session::callback_sealed`] wants back: to be put into a cookie that is `Secure`,
    /// `HttpOnly` and `SameSite=Lax`.
    pub transaction: String,
}

impl fmt::Debug for SealedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedLogin([redacted])")
    }
}

impl Session {
    /// Begins a login, which is kept in the store for half an hour. The person is to be sent to
    /// the URL; when they come back, [`callback`](Self::callback) ends it.
    ///
    /// # Errors
    /// The server has no metadata or no authorization endpoint, or the store does not work.
    pub async fn login(&self) -> Result<Url, Error> {
        self.login_with(&[]).await
    }

    /// The same with more parameters, such as `prompt`, `login_hint`, `acr_values` or `max_age`.
    ///
    /// # Errors
    /// As of [`login`](Self::login).
    pub async fn login_with(&self, parameters: &[(&str, &str)]) -> Result<Url, Error> {
        let (transaction, url) = self.transaction(parameters).await?;
        let now = self.client().core.runtime.now();
        self.change_logins(|logins| {
            logins.retain(|login| !login.is_over(now));
            logins.truncate(AT_ONCE - 1);
            logins.insert(0, transaction.clone());
            true
        })
        .await?;
        Ok(url)
    }

    /// Begins a login that the person's browser keeps.
    ///
    /// # Errors
    /// As of [`login`](Self::login).
    pub async fn login_sealed(&self, parameters: &[(&str, &str)]) -> Result<SealedLogin, Error> {
        let (transaction, url) = self.transaction(parameters).await?;
        let runtime = &self.client().core.runtime;
        let sealed = self
            .engine
            .vault
            .seal(runtime, &self.sealed_name(), &transaction)?;
        Ok(SealedLogin {
            url,
            transaction: encode(&sealed),
        })
    }

    /// Ends a login that [`login`](Self::login) began, with the URL that the person came back to. Says
    /// who they are.
    ///
    /// # Errors
    /// The answer is of no login that was begun here, or of one long ago; the server or the person said
    /// no; or what the server says does not fit.
    pub async fn callback(&self, url: &str) -> Result<IdClaims, Error> {
        let answer = Answer::parse(url)?;
        // First, as it can fail: then the login is still there.
        self.client().core.discovery.metadata().await?;
        let mut begun = None;
        self.change_logins(|logins| {
            let found = logins.iter().position(|login| login.state == answer.state);
            begun = found.map(|index| logins.remove(index));
            begun.is_some()
        })
        .await?;
        self.finish(&answer, begun).await
    }

    /// Ends a login that [`login_sealed`](Self::login_sealed) began. What it gave counts again until it
    /// is too old, so its cookie is to be removed.
    ///
    /// # Errors
    /// As of [`callback`](Self::callback).
    pub async fn callback_sealed(&self, url: &str, transaction: &str) -> Result<IdClaims, Error> {
        let answer = Answer::parse(url)?;
        let begun = decode(transaction)
            .and_then(|sealed| self.engine.vault.open(&self.sealed_name(), &sealed))
            .filter(|begun: &Transaction| begun.state == answer.state);
        self.finish(&answer, begun).await
    }

    async fn transaction(&self, parameters: &[(&str, &str)]) -> Result<(Transaction, Url), Error> {
        let core = &self.client().core;
        let transaction = Transaction {
            state: core.runtime.unguessable()?,
            nonce: core.runtime.unguessable()?,
            verifier: core.runtime.unguessable()?,
            began: core.runtime.now(),
        };
        let metadata = core.discovery.metadata().await?;
        let endpoint = &metadata.authorization_endpoint;
        let mut url = Metadata::endpoint("authorization_endpoint", endpoint)?.clone();
        let engine = &self.engine;
        let challenge = encode(&Sha256::digest(&transaction.verifier));
        let mut query = url.query_pairs_mut();
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", core.client_id.as_str()),
            ("redirect_uri", engine.redirect_uri.as_str()),
            ("scope", engine.scope.as_str()),
            ("state", transaction.state.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        if self.wants_id_token() {
            query.append_pair("nonce", &transaction.nonce);
        }
        query.extend_pairs(engine.resources.iter().map(|one| ("resource", one)));
        query.extend_pairs(parameters);
        drop(query);
        Ok((transaction, url))
    }

    async fn finish(&self, answer: &Answer, begun: Option<Transaction>) -> Result<IdClaims, Error> {
        let core = &self.client().core;
        let Some(begun) = begun else {
            let message = "the answer is of no login that was begun here";
            return Err(Error::new(Code::StateMismatch, message));
        };
        if begun.is_over(core.runtime.now()) {
            let message = "the login was begun more than half an hour ago";
            return Err(Error::new(Code::LoginExpired, message));
        }
        let metadata = core.discovery.metadata().await?;
        let code = answer.code(&core.issuer, &metadata)?;
        let engine = &self.engine;
        let mut form: Form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", engine.redirect_uri.clone()),
            ("code_verifier", begun.verifier),
        ];
        form.extend(engine.resources.iter().map(|one| ("resource", one.clone())));
        let mut response = core.grant(&form).await?;
        response.access.or_scope(&engine.scope);
        let nonce = self.wants_id_token().then_some(begun.nonce.as_str());
        self.begin(response, nonce).await
    }

    fn wants_id_token(&self) -> bool {
        self.engine
            .scope
            .split_whitespace()
            .any(|scope| scope == "openid")
    }

    fn sealed_name(&self) -> String {
        format!("sealed/{}", self.engine.name)
    }

    /// Changes the logins under way, where `change` says that it did.
    async fn change_logins(
        &self,
        mut change: impl FnMut(&mut Vec<Transaction>) -> bool,
    ) -> Result<(), Error> {
        let (engine, runtime) = (&self.engine, &self.client().core.runtime);
        let name = engine.logins_name();
        for _ in 0..RACES {
            let (mut logins, version) = match engine.vault.read(&name).await? {
                Found::Nothing => (Vec::new(), None),
                Found::Record(logins, version) => (logins, Some(version)),
                Found::Closed(version) => (Vec::new(), Some(version)),
            };
            if !change(&mut logins) {
                return Ok(());
            }
            let left = (!logins.is_empty()).then_some(&logins);
            if engine.vault.write(runtime, &name, left, version).await? {
                return Ok(());
            }
        }
        Err(too_many())
    }
}

impl Transaction {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.began) > PATIENCE
    }
}

/// What the server sent the person back with (RFC 6749 §4.1.2, RFC 9207 §2).
struct Answer {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Answer {
    fn parse(url: &str) -> Result<Self, Error> {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let one = |name: &str| {
            let mut all = pairs.iter().filter(|(found, _)| found == name);
            match (all.next(), all.next()) {
                (Some((_, value)), None) => Ok(Some(value.clone().into_owned())),
                (None, _) => Ok(None),
                (Some(_), Some(_)) => Err(Error::response(format!(
                    "the answer to the login has {name} twice"
                ))),
            }
        };
        Ok(Self {
            state: one("state")?.unwrap_or_default(),
            code: one("code")?,
            iss: one("iss")?,
            error: one("error")?,
            description: one("error_description")?,
        })
    }

    fn code(&self, issuer: &str, metadata: &Metadata) -> Result<&str, Error> {
        let required = metadata.authorization_response_iss_parameter_supported;
        if self.iss.as_ref().map_or(required, |iss| iss != issuer) {
            let message = "the answer to the login is another issuer's";
            return Err(Error::new(Code::IssuerMismatch, message));
        }
        if let Some(error) = &self.error {
            let code = exchange::of_word(error).unwrap_or(Code::AccessDenied);
            let sent = [self.state.clone()];
            let description = self.description.as_deref();
            let description = description.and_then(|text| exchange::description(text, &sent));
            let message = format!("the server refuses the login: {}", code.as_str());
            return Err(Error::new(code, message).with_description(description));
        }
        let code = self.code.as_deref().filter(|code| !code.is_empty());
        code.ok_or_else(|| Error::response("the answer to the login has neither code nor error"))
    }
}

#[cfg(test)]
mod tests;

//! The session of a browser: who logged in, and when. It is a sealed cookie; nothing of it is stored, but for
//! claims that are too long for one, and that it was logged out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue};
use jeton::{
    Cookie, CryptoError, Document, Expected, Host, Inside, Ledger, LoginSeal, PersonalKey, Put,
    Seconds, Unavailable, UnixTime, hashed_subject, json,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    at::At,
    cookies,
    person::Person,
    random::random_text,
    settings::LoginSettings,
    sorted::{inserted, sorted_by_key},
};

/// How many seconds pass until the cookie of a session that is used is written anew.
const TOUCH: Seconds = Seconds(60);

/// The most bytes of claims, as JSON, that stand in the cookie, which may have 4,096 (RFC 6265 §6.1).
const LONGEST_IN_COOKIE: usize = 1800;

/// The longest value of a cookie: with its name and attributes it may have 4,096 bytes.
const LONGEST_COOKIE: usize = 3900;

/// The most bytes of all claims of an upstream, about as JSON. Those that an application gets may have a third
/// more.
const LONGEST_CLAIMS: usize = 24_000;

/// How many arrays and objects may be within each other in a claim of an upstream. Parsers end at 128.
const DEEPEST: usize = 32;

/// How many words of `amr` are kept, and the most bytes of one.
const MOST_AMR: usize = 8;
const LONGEST_AMR: usize = 32;

/// How many logins of a session are known by their `sid`.
const MOST_SIDS: usize = 12;

/// The claims of an ID token that say nothing of the person (OpenID Connect Core §2, RFC 7519 §4.1).
pub(crate) const OF_THE_TOKEN: [&str; 14] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "jti",
    "nbf",
    "nonce",
    "rat",
    "sid",
];

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Who it is, to this deployment.
    pub(crate) subject: String,
    /// The id of the way that they came.
    pub(crate) way: String,
    /// The upstream's issuer identifier. A way that is configured anew with another upstream ends the
    /// sessions by it.
    pub(crate) iss: String,
    /// What the upstream said. In the cookie it is left out where it is too long for one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) claims: Map<String, Value>,
    /// The name of the document that has it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims_at: Option<String>,
    /// When they proved it, if the upstream said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    pub(crate) began_at: UnixTime,
    /// When it ends at the latest, whatever settings come to say: what is stored of it is kept until then.
    ends_at: UnixTime,
    pub(crate) used_at: UnixTime,
    /// Whether the upstream was asked for a refresh token with the login. It need not have given one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asked_for_refresh_token: bool,
    /// What forms on pages of this session carry, so that no other page can send them.
    form_key: String,
    /// The `sid` of the newest logins that it was accepted for: a logout that names one of them is not asked
    /// about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sids: Vec<String>,
    /// Which request the person proved who they are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_for: Option<String>,
    /// Which login at the upstream it began by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began_by: Option<String>,
}

impl Session {
    /// The session of a person who has just logged in, for a request if for one.
    pub(crate) fn begin<H: Host>(
        at: &At<'_, H>,
        way: &str,
        person: &Person,
        request: Option<&str>,
    ) -> Result<Self, CryptoError> {
        let now = at.now();
        Ok(Self {
            subject: hashed_subject(&person.iss, &person.sub),
            way: way.to_owned(),
            iss: person.iss.clone(),
            claims: lasting(&person.claims),
            claims_at: None,
            auth_time: person.auth_time.map(|time| time.min(now)),
            amr: short(&person.amr),
            acr: person.acr.clone(),
            began_at: now,
            ends_at: now + at.app.settings.sessions.absolute,
            used_at: now,
            asked_for_refresh_token: false,
            form_key: random_text::<16>(at.server.crypto())?,
            sids: Vec::new(),
            login_for: request.map(name_of),
            began_by: None,
        })
    }

    /// The same, which began by the login that came back with `state`.
    pub(crate) fn begun_by(self, state: &str) -> Self {
        Self {
            began_by: Some(name_of(state)),
            ..self
        }
    }

    /// The session of the browser, if it has one that has not ended.
    pub(crate) async fn find<H: Host>(at: &At<'_, H>) -> Result<Option<Self>, Unavailable> {
        Self::of_browser(at.server, &at.app.settings, at.headers, at.now()).await
    }

    /// The session of the browser that sent `headers`, if it has one that has not ended.
    pub(crate) async fn of_browser<H: Host>(
        server: Inside<'_, H>,
        settings: &LoginSettings,
        headers: &HeaderMap,
        now: UnixTime,
    ) -> Result<Option<Self>, Unavailable> {
        let session = Self::in_cookie(server, headers);
        let Some(session) = session.filter(|session| session.stands(settings, now)) else {
            return Ok(None);
        };
        let ended_before = server.ended_before(&session.subject, now).await?;
        if session.began_at < ended_before {
            return Ok(None);
        }
        session.unless_logged_out(server, now).await
    }

    /// The session with the claims that are too long for its cookie; `None`: it was logged out, and a cookie of
    /// before was kept, or came with an answer that was under way. Claims that are stored are removed then, so
    /// there is nothing else to look for.
    async fn unless_logged_out<H: Host>(
        self,
        server: Inside<'_, H>,
        now: UnixTime,
    ) -> Result<Option<Self>, Unavailable> {
        let Some(ledger) = server.ledger() else {
            return Ok(Some(self));
        };
        let Some(name) = &self.claims_at else {
            let mark = ledger.personal(&self.mark(), now).await?;
            return Ok(Some(self).filter(|_| mark.is_none()));
        };
        let document = ledger.personal(&key_of(name), now).await?;
        let claims = document.and_then(|it| json::read(it.as_str()).ok());
        Ok(claims.map(|claims| Self { claims, ..self }))
    }

    /// The name of what is stored when it is logged out.
    fn mark(&self) -> PersonalKey {
        PersonalKey::new("session ended", &name_of(&self.form_key))
    }

    /// The session in the cookie of the browser that sent `headers`, whether or not that has ended.
    fn in_cookie<H: Host>(server: Inside<'_, H>, headers: &HeaderMap) -> Option<Self> {
        let text = cookies::value(headers, &Cookie::session(server.config().issuer()))?;
        server.open_sealed(LoginSeal::Session, text)
    }

    /// Whose session the browser has, whether or not that has ended: to ask the server about them, not to
    /// decide by.
    pub(crate) fn subject_of_browser<H: Host>(at: &At<'_, H>) -> Option<String> {
        let session = Self::in_cookie(at.server, at.headers)?;
        Some(session.subject)
    }

    /// Ends the session of the browser in which another takes its place: a logout ends that one alone, and a
    /// copy of this one's cookie would outlive it.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn end_replaced<H: Host>(at: &At<'_, H>) -> Result<(), Unavailable> {
        match Self::in_cookie(at.server, at.headers) {
            Some(replaced) if at.now() < replaced.ends_at => replaced.end(at).await,
            _ => Ok(()),
        }
    }

    /// The session, whose claims are stored where they are too long for a cookie.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn fitted<H: Host>(self, at: &At<'_, H>) -> Result<Self, Unavailable> {
        let text = Value::Object(self.claims.clone()).to_string();
        let Some(ledger) = at
            .server
            .ledger()
            .filter(|_| text.len() > LONGEST_IN_COOKIE)
        else {
            return Ok(self);
        };
        let name = random_text::<16>(at.server.crypto())
            .map_err(|_| Unavailable::new("session", "no random number"))?;
        let until = self.ends_at;
        let document = Document::of_person(text)
            .map_err(|_| Unavailable::new("session", "the provider's claims are too long"))?;
        let key = key_of(&name);
        let put = ledger.put_personal(&key, Some(&document), &Expected::Absent, until, at.now());
        match put.await? {
            Put::Done => Ok(Self {
                claims_at: Some(name),
                ..self
            }),
            _ => Err(Unavailable::new("session", "its name is taken")),
        }
    }

    /// When it ends however often it is used: settings that were lowered since hold for it, raised ones not.
    fn lasts_until(&self, settings: &LoginSettings) -> UnixTime {
        self.ends_at.min(self.began_at + settings.sessions.absolute)
    }

    /// Whether its time has not come, and its way is still there.
    fn stands(&self, settings: &LoginSettings, now: UnixTime) -> bool {
        now < self.used_at + settings.sessions.idle
            && now < self.lasts_until(settings)
            && settings
                .way(&self.way)
                .is_some_and(|way| way.is_of(&self.iss))
    }

    /// Whether the person proved who they are for this very request.
    pub(crate) fn is_login_for(&self, request: &str) -> bool {
        self.login_for.as_deref() == Some(name_of(request).as_str())
    }

    /// Whether it began by the login that came back with `state`.
    pub(crate) fn began_by(&self, state: &str) -> bool {
        self.began_by.as_deref() == Some(name_of(state).as_str())
    }

    /// The oldest of the logins that it was accepted for, of those that are known.
    pub(crate) fn first_sid(&self) -> Option<&str> {
        self.sids.first().map(String::as_str)
    }

    /// Whether it was accepted for the login of this `sid`.
    pub(crate) fn has_sid(&self, sid: &str) -> bool {
        self.sids.iter().any(|own| own == sid)
    }

    /// What forms on its pages carry.
    pub(crate) fn form_key(&self) -> &str {
        &self.form_key
    }

    /// Whether a form was sent from a page of this session.
    pub(crate) fn has_form_key(&self, key: &str) -> bool {
        self.form_key.as_bytes().ct_eq(key.as_bytes()).into()
    }

    /// The cookie of the session, which is used now, for a login that will have this `sid`; `None`: it need
    /// not be written anew.
    pub(crate) fn used<H: Host>(&self, at: &At<'_, H>, sid: Option<&str>) -> Option<HeaderValue> {
        let known = sid.is_none_or(|sid| self.has_sid(sid));
        if known && at.now().since(self.used_at) < TOUCH {
            return None;
        }
        let mut session = Self {
            used_at: at.now(),
            ..self.clone()
        };
        if let Some(sid) = sid.filter(|_| !known) {
            if session.sids.len() >= MOST_SIDS {
                session.sids.remove(0);
            }
            session.sids.push(sid.to_owned());
        }
        loop {
            let cookie = session.cookie(at).ok()?;
            if cookie.is_some() || session.sids.is_empty() {
                return cookie;
            }
            // Too long: rather the oldest login is forgotten than the newest.
            session.sids.remove(0);
        }
    }

    /// Whether a logout is of a login of this session.
    pub(crate) fn is_of(&self, sub: Option<&str>, sid: Option<&str>) -> bool {
        sub == Some(self.subject.as_str()) && sid.is_some_and(|sid| self.has_sid(sid))
    }

    /// The cookie of the session. `None`: it would be too long.
    pub(crate) fn cookie<H: Host>(
        &self,
        at: &At<'_, H>,
    ) -> Result<Option<HeaderValue>, CryptoError> {
        let settings = &at.app.settings;
        let left = self.lasts_until(settings).since(at.now());
        let claims = match self.claims_at {
            Some(_) => Map::new(),
            None => self.claims.clone(),
        };
        let sealed = Self {
            claims,
            ..self.clone()
        };
        let text = at.server.seal(LoginSeal::Session, &sealed)?;
        if text.len() > LONGEST_COOKIE {
            return Ok(None);
        }
        let cookie = Cookie::session(at.server.config().issuer());
        Ok(cookie.set(&text, left.min(settings.sessions.idle)))
    }

    /// Ends the session: no cookie of it, kept or under way, will do from now on.
    /// [`Self::forgotten`] removes the browser's.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn end<H: Host>(&self, at: &At<'_, H>) -> Result<(), Unavailable> {
        let Some(ledger) = at.server.ledger() else {
            return Ok(());
        };
        let until = self.ends_at;
        let put = match &self.claims_at {
            None => {
                let mark = Document::of_person("{}".to_owned());
                let mark = mark.map_err(|_| Unavailable::new("session", "no mark"))?;
                let key = self.mark();
                ledger
                    .put_personal(&key, Some(&mark), &Expected::Absent, until, at.now())
                    .await
            }
            Some(name) => {
                ledger
                    .put_personal(&key_of(name), None, &Expected::Anything, until, at.now())
                    .await
            }
        };
        // Whatever stood there: it has been logged out before.
        put.map(drop)
    }

    /// What removes the cookie of the browser.
    pub(crate) fn forgotten<H: Host>(at: &At<'_, H>) -> Option<HeaderValue> {
        Cookie::session(at.server.config().issuer()).clear()
    }
}

/// What an upstream says of the person, and not of the moment at which it said so. What no session can hold is left
/// out, so that a portrait in `picture` keeps nobody out: the short claims come first.
pub(crate) fn lasting(claims: &Map<String, Value>) -> Map<String, Value> {
    let lasting = claims
        .iter()
        .filter(|(name, value)| !OF_THE_TOKEN.contains(&name.as_str()) && is_flat(value, DEEPEST));
    let lasting: Vec<_> = lasting
        .map(|(name, value)| (name.len() + value.to_string().len(), name, value))
        .collect();
    let lasting = sorted_by_key(lasting, |(length, ..)| *length as u64);
    let mut left = LONGEST_CLAIMS;
    let fitting = lasting.into_iter().take_while(|(length, ..)| {
        let rest = left.checked_sub(*length);
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    inserted(fitting.map(|(_, name, value)| (name.clone(), value.clone())))
}

/// Whether a value has at most so many arrays and objects within each other.
fn is_flat(value: &Value, deepest: usize) -> bool {
    let within = |value| deepest > 0 && is_flat(value, deepest - 1);
    match value {
        Value::Array(values) => values.iter().all(within),
        Value::Object(members) => members.values().all(within),
        _ => true,
    }
}

/// The first words of `amr` (RFC 8176), which are short.
fn short(amr: &[String]) -> Vec<String> {
    let words = amr.iter().filter(|word| word.len() <= LONGEST_AMR);
    words.take(MOST_AMR).cloned().collect()
}

fn key_of(name: &str) -> PersonalKey {
    PersonalKey::new("session claims", name)
}

/// A short name of a sealed request or of a `state`.
fn name_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_ends_by_the_settings_under_which_it_began_or_by_lower_ones() {
        let config = jeton::Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("https://id.example".to_owned()),
            "JETON_SECRET" => {
                Some("jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj".to_owned())
            }
            _ => None,
        });
        let config = config.unwrap();
        let (began_at, issuer) = (UnixTime(1_800_000_000), "https://login.example.org");
        let session = json!({
            "subject": "jfs_x", "way": "work", "iss": issuer, "form_key": "key",
            "began_at": began_at, "used_at": began_at, "ends_at": began_at + Seconds(1000),
        });
        let session: Session = serde_json::from_value(session).unwrap();
        for (absolute, lasts) in [(600, 600), (1000, 1000), (100_000, 1000)] {
            let settings = json!({
                "providers": [{ "type": "openid", "id": "work", "name": "Work", "issuer": issuer,
                    "client_id": "us", "client_secret": "secret" }],
                "session": { "idle": 600, "absolute": absolute },
            });
            let settings = LoginSettings::parse(&settings.to_string(), config.reach()).unwrap();
            let session = Session {
                used_at: began_at + Seconds(lasts - 1),
                ..session.clone()
            };
            let stands = |after| session.stands(&settings, began_at + Seconds(after));
            assert!(stands(lasts - 1), "{absolute}");
            assert!(!stands(lasts), "{absolute}");
        }
    }

    #[test]
    fn what_no_session_can_hold_is_left_out() {
        let mut deep = json!("bottom");
        for _ in 0..DEEPEST {
            deep = json!([deep]);
        }
        let said = json!({
            "name": "Alice",
            "groups": vec!["g".repeat(36); 200],
            "picture": "A".repeat(LONGEST_CLAIMS),
            "deep": deep,
            "deeper": [deep],
            "nonce": "of the token",
        });
        let Value::Object(said) = said else { panic!() };
        let kept = lasting(&said);
        let kept: Vec<_> = kept.keys().map(String::as_str).collect();
        assert_eq!(kept, ["deep", "groups", "name"]);
        let amr: Vec<_> = (0..20).map(|n| format!("method-{n}")).collect();
        let long = ["x".repeat(LONGEST_AMR + 1)];
        let all: Vec<_> = long.into_iter().chain(amr.clone()).collect();
        assert_eq!(short(&all), amr[..MOST_AMR]);
    }
}

//! A login that is under way at an upstream. It is a sealed cookie of the browser that it began in, and ends
//! in that browser alone.

use http::HeaderValue;
use jeton::{Cookie, CryptoError, Host, LoginSeal, Seconds, UnixTime, page::Language};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{at::At, cookies, random::random_text, sorted::sorted_by_key};

/// How long a person may take at an upstream. As long as the request stands that they came with.
const LIFETIME: Seconds = Seconds(1800);

/// How many logins of one browser are under way at once: tabs. The oldest makes way for a further one.
const MOST: usize = 5;

/// The longest value of a cookie: with its name it may have 4,096 bytes (RFC 6265 §6.1).
const LONGEST: usize = 3900;

/// A login that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// The sealed request that the person came with; `None`: they want to see their account.
    pub(crate) request: Option<String>,
    /// The id of the way.
    pub(crate) way: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) code_verifier: String,
    /// The most seconds since the person proved who they are there, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<u64>,
    /// Whether the upstream was asked for a refresh token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) wants_refresh_token: bool,
    pub(crate) began_at: UnixTime,
    /// The language that the application asked for, if there are pages in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
}

/// Why a login does not begin.
#[derive(Debug)]
pub(crate) enum NotBegun {
    /// What the application sent with the person does not fit into a cookie.
    TooLong,
    /// The host's cryptography failed.
    Broken,
}

impl From<CryptoError> for NotBegun {
    fn from(_: CryptoError) -> Self {
        Self::Broken
    }
}

impl Flow {
    /// A new login by `way`.
    pub(crate) fn begin<H: Host>(
        at: &At<'_, H>,
        way: &str,
        request: Option<&str>,
        max_age: Option<u64>,
        ui_locales: Option<&str>,
    ) -> Result<Self, CryptoError> {
        let crypto = at.server.crypto();
        Ok(Self {
            request: request.map(str::to_owned),
            way: way.to_owned(),
            state: random_text::<16>(crypto)?,
            nonce: random_text::<16>(crypto)?,
            code_verifier: random_text::<32>(crypto)?,
            max_age,
            wants_refresh_token: false,
            began_at: at.now(),
            language: ui_locales
                .and_then(Language::asked_for)
                .map(|language| language.tag().to_owned()),
        })
    }

    /// Its cookie, and what removes the oldest of the browser's where there are too many.
    pub(crate) fn cookies<H: Host>(&self, at: &At<'_, H>) -> Result<Vec<HeaderValue>, NotBegun> {
        let issuer = at.server.config().issuer();
        let value = at.server.seal(LoginSeal::Flow, self)?;
        if value.len() > LONGEST {
            return Err(NotBegun::TooLong);
        }
        let cookie = Cookie::login(issuer, &self.state).set(&value, LIFETIME);
        let mut cookies: Vec<_> = cookie.into_iter().collect();
        // One that does not open goes first.
        let others: Vec<_> = cookies::pairs(at.headers)
            .flat_map(|pair| Cookie::logins(issuer, pair))
            .map(|(cookie, value)| {
                let flow: Option<Self> = at.server.open_sealed(LoginSeal::Flow, value);
                (flow.map_or(UnixTime(0), |flow| flow.began_at), cookie)
            })
            .collect();
        let others = sorted_by_key(others, |(began_at, _)| began_at.0);
        let too_many = (others.len() + 1).saturating_sub(MOST);
        let oldest = others.iter().take(too_many);
        cookies.extend(oldest.filter_map(|(_, cookie)| cookie.clear()));
        Ok(cookies)
    }

    /// The login that came back with `state` by `way`, if it began in this browser and not too long ago.
    pub(crate) fn find<H: Host>(at: &At<'_, H>, way: &str, state: &str) -> Result<Self, NotFound> {
        let cookie = Cookie::login(at.server.config().issuer(), state);
        let text = at.cookie(&cookie).ok_or(NotFound::OtherBrowser)?;
        let flow: Self = at
            .server
            .open_sealed(LoginSeal::Flow, text)
            .ok_or(NotFound::OtherBrowser)?;
        let is_its: bool = flow.state.as_bytes().ct_eq(state.as_bytes()).into();
        if !is_its || flow.way != way {
            return Err(NotFound::Foreign);
        }
        if at.now() >= flow.began_at + LIFETIME {
            return Err(NotFound::Expired(Box::new(flow)));
        }
        Ok(flow)
    }

    /// What removes its cookie: a login comes back once.
    pub(crate) fn end<H: Host>(&self, at: &At<'_, H>) -> Option<HeaderValue> {
        Cookie::login(at.server.config().issuer(), &self.state).clear()
    }
}

/// Why no login is under way that an answer of an upstream belongs to.
#[derive(Debug)]
pub(crate) enum NotFound {
    /// It began in another browser, has been finished, or cookies are off.
    OtherBrowser,
    /// It is another way's.
    Foreign,
    /// It took too long.
    Expired(Box<Flow>),
}

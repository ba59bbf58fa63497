//! `JETON_LOGIN`: the JSON object by which a deployment has its own login application.

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};

use jeton::{
    ClientId, Config, ConfigError, Frame, Mistakes, Reach, Seconds,
    json::{self, InvalidJson, Tree},
    page::Language,
};
use serde::Deserialize;
use url::Url;

use crate::{
    allow::{Allow, AllowRecord},
    application::path,
    claims::{Mapping, MappingRecord, upstream_claims},
    pages::{ColorsRecord, Looks, LooksRecord},
    sorted::inserted,
    ways::{self, Way},
};

/// The name of the setting.
const NAME: &str = "JETON_LOGIN";

/// The most ways to log in: a page has a button for each.
const MOST_WAYS: usize = 20;

/// The longest session, in seconds: as long as a grant may live.
const LONGEST_SESSION: u64 = 400 * 24 * 3600;

/// The settings of the login application, parsed and checked.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// The ways to log in, in the order in which people see them. Never empty; no two have an id in common.
    pub(crate) ways: Vec<Way>,
    /// Who may log in, whatever way they come; each way may ask for more.
    pub(crate) allow: Allow,
    /// Who may log in to single clients, besides.
    pub(crate) clients: BTreeMap<ClientId, Allow>,
    /// What is said of people, besides what each way says.
    pub(crate) claims: Vec<Mapping>,
    pub(crate) sessions: SessionLifetimes,
    pub(crate) looks: Looks,
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionLifetimes {
    /// Since it was last used.
    pub(crate) idle: Seconds,
    /// Since the person logged in.
    pub(crate) absolute: Seconds,
}

/// Why `JETON_LOGIN` is refused: the member, and what is expected of it. Never what it is, which may be a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}{expected}", if place.is_empty() { "" } else { ": " })]
pub struct InvalidLogin {
    place: String,
    expected: String,
}

impl InvalidLogin {
    pub(crate) fn new(place: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
        }
    }

    /// The same, at `place` of something larger.
    pub(crate) fn within(self, place: impl Display) -> Self {
        let place = place.to_string();
        let apart = !place.is_empty() && !self.place.is_empty() && !self.place.starts_with('[');
        let separator = if apart { "." } else { "" };
        Self {
            place: format!("{place}{separator}{}", self.place),
            ..self
        }
    }
}

impl From<InvalidJson> for InvalidLogin {
    fn from(invalid: InvalidJson) -> Self {
        Self::new(invalid.place(), invalid.expected())
    }
}

/// `JETON_LOGIN`, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    providers: Vec<Tree>,
    #[serde(default)]
    allow: AllowRecord,
    #[serde(default)]
    clients: BTreeMap<String, ClientRecord>,
    #[serde(default)]
    claims: Vec<MappingRecord>,
    #[serde(default)]
    session: SessionRecord,
    name: Option<String>,
    logo: Option<String>,
    #[serde(default)]
    colors: ColorsRecord,
}

/// What is asked of people at one client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientRecord {
    #[serde(default)]
    allow: AllowRecord,
}

/// The lifetimes of sessions, in seconds.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SessionRecord {
    idle: Option<u64>,
    absolute: Option<u64>,
}

impl LoginSettings {
    /// The settings that `lookup` has; `config` is then that of a server with this login application. `None`:
    /// people log in elsewhere, or nowhere.
    ///
    /// # Errors
    /// `JETON_LOGIN` is not what it must be, or stands beside `JETON_LOGIN_URL` or `JETON_LOGOUT_URL`.
    pub fn read(
        config: &mut Config,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        match lookup(NAME) {
            Some(text) if !text.trim().is_empty() => Self::read_text(&text, config),
            _ => Ok(None),
        }
    }

    #[inline(never)]
    fn read_text(text: &str, config: &mut Config) -> Result<Option<Self>, ConfigError> {
        let login_url = config.login_url().map(|_| "JETON_LOGIN_URL");
        let logout_url = config.logout_url().map(|_| "JETON_LOGOUT_URL");
        if let Some(other) = login_url.or(logout_url) {
            let expected = format!("nothing beside {other}: people log in at one place");
            return Err(ConfigError::new(NAME, expected));
        }
        match Self::parse(text, config.reach()) {
            Ok(settings) => {
                settings.configure(config)?;
                Ok(Some(settings))
            }
            Err(wrong) => {
                let mut mistakes = Mistakes::default();
                for invalid in wrong {
                    mistakes.add(ConfigError::new(NAME, invalid));
                }
                mistakes.or(None)
            }
        }
    }

    /// # Errors
    /// The text is not such an object: all that is wrong, in each part the first.
    pub(crate) fn parse(text: &str, reach: &Reach) -> Result<Self, Vec<InvalidLogin>> {
        let record: Record = json::read(text).map_err(|invalid| {
            if invalid.is_json() {
                return vec![invalid.into()];
            }
            let place = invalid.place();
            let file = if text.trim_start().starts_with('{') {
                ""
            } else {
                "; a file is @login.json"
            };
            vec![InvalidLogin::new(
                "",
                format!("JSON, which cannot be read from {place} on{file}"),
            )]
        })?;
        let mut wrong = Vec::new();
        let mut ways = ways_of(record.providers, reach, &mut wrong);
        let allow = kept(Allow::parse(record.allow), "allow", &mut wrong);
        let mut clients = BTreeMap::new();
        for (id, client) in record.clients {
            let Ok(client_id) = id.parse::<ClientId>() else {
                wrong.push(InvalidLogin::new("clients", "client ids as members"));
                continue;
            };
            let place = format!("clients.{}.allow", json::shown_name(&id));
            if let Some(allow) = kept(Allow::parse(client.allow), place, &mut wrong) {
                clients.insert(client_id, allow);
            }
        }
        let beyond = clients.values().chain(&allow);
        if beyond.into_iter().any(Allow::asks_for_organizations) {
            ways.iter_mut().for_each(Way::ask_for_organizations);
        }
        let ids: BTreeSet<_> = inserted(ways.iter().map(|way| way.id.clone()));
        let rules = record.claims.into_iter().enumerate();
        let claims: Vec<_> = rules
            .filter_map(|(index, rule)| {
                kept(rule.parse(&ids), format!("claims[{index}]"), &mut wrong)
            })
            .collect();
        name_claims(&mut ways, clients.values().chain(&allow), &claims);
        let sessions = kept(record.session.parse(), "session", &mut wrong);
        let looks = LooksRecord {
            name: record.name,
            logo: record.logo,
            colors: record.colors,
        };
        let looks = looks.parse().map_err(|all| wrong.extend(all)).ok();
        match (allow, sessions, looks) {
            (Some(allow), Some(sessions), Some(looks)) if wrong.is_empty() => Ok(Self {
                ways,
                allow,
                clients,
                claims,
                sessions,
                looks,
            }),
            _ => Err(wrong),
        }
    }

    /// Makes of `config` that of a server that has this login application.
    fn configure(&self, config: &mut Config) -> Result<(), ConfigError> {
        let url = |path: &str| {
            let url = Url::parse(&format!("{}{path}", config.issuer().base()));
            url.map_err(|_| ConfigError::new(NAME, "the issuer has no such path"))
        };
        let (login, logout) = (url(path::LOGIN)?, url(path::LOGOUT)?);
        let own = config.frame().clone();
        let frame = Frame {
            name: self.looks.name.clone().unwrap_or(own.name),
            theme: self
                .looks
                .theme(&format!("{}{}", config.issuer().path(), path::LOGIN)),
            ..own
        };
        config.have_login_application(login, logout, frame, &Language::TAGS);
        Ok(())
    }

    /// The redirect URI that is registered at each provider, by the provider's id. `config` is that of the server.
    pub fn redirect_uris<'a>(
        &'a self,
        config: &'a Config,
    ) -> impl Iterator<Item = (&'a str, String)> {
        let callback = format!("{}{}", config.issuer().base(), path::CALLBACK);
        let ids = self.ways.iter().map(|way| way.id.as_str());
        ids.map(move |id| (id, format!("{callback}{id}")))
    }

    /// The way of that id.
    pub(crate) fn way(&self, id: &str) -> Option<&Way> {
        self.ways.iter().find(|way| way.id == id)
    }

    /// The way of a person of whom an application says this: its id, or an address of a domain that it alone
    /// lets in.
    pub(crate) fn way_for_hint(&self, hint: &str) -> Option<&Way> {
        if let Some(way) = self.way(hint) {
            return Some(way);
        }
        let (_, domain) = hint.rsplit_once('@')?;
        let mut ways = self
            .ways
            .iter()
            .filter(|way| way.allow.names_domain(domain));
        let way = ways.next()?;
        ways.next().is_none().then_some(way)
    }
}

impl SessionRecord {
    fn parse(self) -> Result<SessionLifetimes, InvalidLogin> {
        let absolute = self.absolute.unwrap_or(7 * 24 * 3600);
        if !(60..=LONGEST_SESSION).contains(&absolute) {
            let expected = format!("60 to {LONGEST_SESSION} seconds");
            return Err(InvalidLogin::new("absolute", expected));
        }
        let idle = self.idle.unwrap_or_else(|| absolute.min(24 * 3600));
        if !(60..=absolute).contains(&idle) {
            let expected = format!("60 to {absolute} seconds: no more than absolute");
            return Err(InvalidLogin::new("idle", expected));
        }
        Ok(SessionLifetimes {
            idle: Seconds(idle),
            absolute: Seconds(absolute),
        })
    }
}

/// The ways that are written in `providers`; what is wrong with the others is kept.
fn ways_of(providers: Vec<Tree>, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Vec<Way> {
    if providers.is_empty() || providers.len() > MOST_WAYS {
        let expected = format!("1 to {MOST_WAYS} providers");
        wrong.push(InvalidLogin::new("providers", expected));
        return Vec::new();
    }
    let mut ids = BTreeSet::new();
    let mut ways = Vec::with_capacity(providers.len());
    for (index, provider) in providers.into_iter().enumerate() {
        let mut of_provider = Vec::new();
        let way = ways::parse(provider, reach, &mut of_provider);
        if let Some(way) = way {
            if !ids.insert(way.id.clone()) {
                let expected = "an id that no other provider has";
                of_provider.push(InvalidLogin::new("id", expected));
            }
            ways.push(way);
        }
        let place = format!("providers[{index}]");
        wrong.extend(of_provider.into_iter().map(|it| it.within(&place)));
    }
    ways
}

/// Tells each way which claims of its upstream the lists and rules name.
fn name_claims<'a>(
    ways: &mut [Way],
    lists: impl Iterator<Item = &'a Allow> + Clone,
    rules: &[Mapping],
) {
    for way in ways {
        let own = way.clone();
        way.name_claims(lists.clone().flat_map(Allow::claims));
        way.name_claims(own.allow.claims());
        way.name_claims(upstream_claims(&own.claims).into_iter());
        let of_rules = rules.iter().flat_map(|rule| rule.upstream_claims(&own.id));
        way.name_claims(of_rules);
    }
}

/// What was read at `place`; else what is wrong there is kept.
pub(crate) fn kept<T>(
    read: Result<T, InvalidLogin>,
    place: impl Display,
    wrong: &mut Vec<InvalidLogin>,
) -> Option<T> {
    read.map_err(|invalid| wrong.push(invalid.within(place)))
        .ok()
}

#[cfg(test)]
mod tests;

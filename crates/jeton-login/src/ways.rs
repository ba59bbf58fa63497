//! The ways to log in: a file each, and what is asked of all alike.

use jeton::{
    Documents, ForeignUrl, Host, Inside, PublicJwks, Reach, Seconds, UnixTime, Unreachable,
    json::Tree,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    allow::{Allow, AllowRecord, Source},
    claims::check_claims,
    person::Person,
    settings::{InvalidLogin, kept},
    trouble::Trouble,
};

mod deadlines;
mod exchange;
mod github;
mod openid;
mod pace;
#[cfg(test)]
mod tests;

pub(crate) use exchange::Tokens;
pub(crate) use pace::Pace;
use pace::Paced;

/// The longest id of a way, in bytes. It stands in addresses and names of cookies.
const LONGEST_ID: usize = 32;

/// How many logins may fetch a document of an upstream at once while there is none: of people who come to a
/// process that has just started. More are told to try again.
const MOST_AT_ONCE: usize = 64;

/// The longest name of a way, in characters. It stands on a button.
const LONGEST_NAME: usize = 64;

/// A way to log in, as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Its name in addresses: of `a-z`, `0-9` and `-`.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Who of those that come this way may log in.
    pub(crate) allow: Allow,
    /// The claims that those who come this way get, as templates over what the upstream says.
    pub(crate) claims: Map<String, Value>,
    pub(crate) kind: Kind,
    /// Which servers it may lead to.
    reach: Reach,
}

/// `network`: where a provider is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Network {
    /// In the public internet.
    #[default]
    Public,
    /// In a network of the operator's own: its host, and no other, may have an address there.
    Private,
}

impl Network {
    /// `reach`, with the host of the provider at `url`.
    fn of(self, reach: &Reach, url: &str) -> Reach {
        match self {
            Self::Public => reach.clone(),
            Self::Private => reach.with_private_host(url),
        }
    }
}

/// Why the address of a provider may not be reached, and what lets it be where that is for the operator to say.
fn unreached(why: Unreachable) -> String {
    let way_out = match why {
        Unreachable::LocalName | Unreachable::NotPublic(_) => {
            "; a provider on this machine, also by http, takes JETON_DEVELOPMENT=true, and one in a network \
             of your own \"network\": \"private\""
        }
        Unreachable::NotHttps => {
            "; http takes JETON_DEVELOPMENT=true, and is for this machine or with \"network\": \"private\""
        }
        _ => "",
    };
    format!("{why}{way_out}")
}

/// What is spoken with the upstream.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// OpenID Connect.
    Openid(openid::Provider),
    /// GitHub's OAuth 2.0.
    Github(github::Github),
}

/// What a member of `providers` says first: which others it may have.
#[derive(Deserialize)]
struct Tag {
    r#type: Type,
}

/// `type`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Type {
    Openid,
    Github,
}

/// The way that is written in a member of `providers`; what is wrong with it is kept, of its parts each the first.
pub(crate) fn parse(provider: Tree, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Option<Way> {
    let tag: Result<Tag, _> = provider.clone().read();
    match kept(tag.map_err(InvalidLogin::from), "", wrong)?.r#type {
        Type::Openid => openid(provider, reach, wrong),
        Type::Github => github(provider, reach, wrong),
    }
}

// Functions that are not inlined: few deployments have ways of both types, and each of its isolates would have
// both compiled.

#[inline(never)]
fn openid(provider: Tree, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Option<Way> {
    read::<openid::Record>(provider, wrong)?.parse(reach, wrong)
}

#[inline(never)]
fn github(provider: Tree, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Option<Way> {
    read::<github::Record>(provider, wrong)?.parse(reach, wrong)
}

fn read<T: DeserializeOwned>(provider: Tree, wrong: &mut Vec<InvalidLogin>) -> Option<T> {
    kept(provider.read().map_err(InvalidLogin::from), "", wrong)
}

/// The members that each way has, as written.
struct Common {
    source: Source,
    reach: Reach,
    id: String,
    name: String,
    allow: AllowRecord,
    claims: Map<String, Value>,
}

impl Common {
    /// The way with these members, and what `kind` makes of the others.
    fn with(
        self,
        wrong: &mut Vec<InvalidLogin>,
        kind: impl FnOnce(&Allow) -> Result<Kind, InvalidLogin>,
    ) -> Option<Way> {
        let is_of_id = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if self.id.is_empty() || self.id.len() > LONGEST_ID || !self.id.bytes().all(is_of_id) {
            let expected = "1 to 32 of the characters a-z, 0-9 and -";
            wrong.push(InvalidLogin::new("id", expected));
        }
        let length = self.name.chars().count();
        let blank = self.name.trim().is_empty() || self.name.contains(char::is_control);
        if blank || length > LONGEST_NAME {
            wrong.push(InvalidLogin::new("name", "1 to 64 printable characters"));
        }
        let checked = self.allow.check_for(self.source);
        let allow = checked.and_then(|()| Allow::parse(self.allow));
        let allow = kept(allow, "allow", wrong).unwrap_or_default();
        kept(check_claims(&self.claims), "claims", wrong);
        Some(Way {
            kind: kept(kind(&allow), "", wrong)?,
            reach: self.reach,
            id: self.id,
            name: self.name,
            allow,
            claims: self.claims,
        })
    }
}

/// What is known of the upstreams: documents that they publish.
#[derive(Debug)]
pub(crate) struct Upstreams {
    metadata: Documents<openid::Metadata>,
    keys: Documents<PublicJwks>,
}

impl Upstreams {
    /// What is known where an upstream is asked at this pace. Each pace knows its own: what did not come in
    /// the time of a refresh is not asked again for a while, and a login would find it missing.
    pub(crate) fn new(pace: Pace) -> Self {
        let metadata = Documents::new(Seconds(3600), openid::parse_metadata);
        let keys = Documents::new(Seconds(300), openid::parse_keys);
        let deadline = match pace {
            Pace::Login => deadlines::DOCUMENT,
            Pace::Refresh => pace::READING,
        };
        Self {
            metadata: metadata.within(deadline).at_once(MOST_AT_ONCE),
            keys: keys.within(deadline).at_once(MOST_AT_ONCE),
        }
    }
}

/// What an upstream is spoken to with.
pub(crate) struct With<'a, H: Host> {
    pub(crate) server: Inside<'a, H>,
    pub(crate) upstreams: &'a Upstreams,
    pub(crate) pace: Pace,
    /// Which servers may be reached: those of a way, once it is known.
    pub(crate) reach: &'a Reach,
    pub(crate) now: UnixTime,
}

impl<'a, H: Host> With<'a, H> {
    /// The same, for `way`.
    fn to(&self, way: &'a Way) -> Self {
        Self {
            reach: &way.reach,
            ..*self
        }
    }

    fn fetch(&self) -> Paced<'a, H::Fetch> {
        Paced::new(self.server.fetch(), self.pace)
    }

    /// `url` of an upstream, if it may be reached.
    fn url(&self, what: &'static str, url: &str) -> Result<ForeignUrl, Trouble> {
        let url = self.reach.url(url);
        url.map_err(Trouble::asking(what))
    }
}

/// What is asked of the upstream.
pub(crate) struct Begin<'a> {
    /// The way's own: no other upstream sends people there.
    pub(crate) redirect_uri: &'a str,
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    /// By S256 (RFC 7636 §4.2).
    pub(crate) code_challenge: &'a str,
    pub(crate) login_hint: Option<&'a str>,
    pub(crate) prompt: Option<&'a str>,
    /// The most seconds since the person proved there who they are. With it, [`CameBack`] must have the same.
    /// For a login that is asked for anew, zero: an upstream may pass over `prompt` in silence.
    pub(crate) max_age: Option<Seconds>,
    pub(crate) ui_locales: Option<&'a str>,
    pub(crate) acr_values: Option<&'a str>,
    pub(crate) refresh_token: RefreshToken,
}

/// Whether an upstream is asked for a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshToken {
    Wanted,
    NotWanted,
}

/// What came back, of a login that this browser began: `state` has been compared.
pub(crate) struct CameBack<'a> {
    /// As in [`Begin`].
    pub(crate) redirect_uri: &'a str,
    /// As in [`Begin`].
    pub(crate) nonce: &'a str,
    /// What the code challenge was made of.
    pub(crate) code_verifier: &'a str,
    /// As in [`Begin`].
    pub(crate) max_age: Option<Seconds>,
    /// When the login began.
    pub(crate) began_at: UnixTime,
    pub(crate) code: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    /// Who says that they answer (RFC 9207).
    pub(crate) iss: Option<&'a str>,
}

impl Way {
    /// Lets this way ask for the organizations of each person, where that takes asking: for an [`Allow`] beyond
    /// its own that names some.
    pub(crate) fn ask_for_organizations(&mut self) {
        if let Kind::Github(github) = &mut self.kind {
            github.ask_for_organizations();
        }
    }

    /// Lets this way look for these claims wherever the upstream may say them: lists and rules name them.
    pub(crate) fn name_claims<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        if let Kind::Openid(provider) = &mut self.kind {
            provider.name_claims(names);
        }
    }

    /// Whether people of this issuer come this way, as it is configured now.
    pub(crate) fn is_of(&self, iss: &str) -> bool {
        match &self.kind {
            Kind::Openid(provider) => provider.is_of(iss),
            Kind::Github(github) => github.is_of(iss),
        }
    }

    /// Whose word what it says of people is.
    pub(crate) const fn source(&self) -> Source {
        match self.kind {
            Kind::Openid(_) => Source::Openid,
            Kind::Github(_) => Source::Github,
        }
    }

    /// Whether the upstream may say when a person logged in. One that does not is found out by its answer alone.
    pub(crate) const fn may_say_when(&self) -> bool {
        match self.kind {
            Kind::Openid(_) => true,
            Kind::Github(_) => false,
        }
    }

    /// Where the browser goes to log in.
    ///
    /// # Errors
    /// The upstream does not say where, or says what cannot be.
    pub(crate) async fn authorization_url<H: Host>(
        &self,
        with: &With<'_, H>,
        begin: &Begin<'_>,
    ) -> Result<Url, Trouble> {
        let with = &with.to(self);
        match &self.kind {
            Kind::Openid(provider) => provider.authorization_url(with, begin).await,
            Kind::Github(github) => Ok(github.authorization_url(begin)),
        }
    }

    /// Who came back.
    ///
    /// # Errors
    /// The upstream did not say who, or it cannot be believed.
    pub(crate) async fn person<H: Host>(
        &self,
        with: &With<'_, H>,
        came_back: &CameBack<'_>,
    ) -> Result<Person, Trouble> {
        let with = &with.to(self);
        match &self.kind {
            Kind::Openid(provider) => provider.person(with, came_back).await,
            Kind::Github(github) => github.person(with, came_back).await,
        }
    }

    /// Where the upstream's own session ends (OpenID Connect RP-Initiated Logout 1.0), if it says.
    pub(crate) async fn logout_url<H: Host>(
        &self,
        with: &With<'_, H>,
        back: &str,
        state: &str,
    ) -> Option<Url> {
        let with = &with.to(self);
        match &self.kind {
            Kind::Openid(provider) => provider.logout_url(with, back, state).await,
            Kind::Github(_) => None,
        }
    }

    /// Whether a logout here ends the upstream's own session as well, without being asked to.
    pub(crate) fn logs_out_there(&self) -> bool {
        match &self.kind {
            Kind::Openid(provider) => provider.logs_out_there(),
            Kind::Github(_) => false,
        }
    }

    /// What the upstream gives for a refresh token: tokens, with the refresh token that is good from now on.
    /// To be kept before anything else is done with them, because the one sent may be good no more.
    ///
    /// # Errors
    /// The upstream no longer knows the token ([`Trouble::ends_login`]), or does not answer as it should.
    pub(crate) async fn refreshed<H: Host>(
        &self,
        with: &With<'_, H>,
        refresh_token: &str,
    ) -> Result<Tokens, Trouble> {
        let with = &with.to(self);
        match &self.kind {
            Kind::Openid(provider) => provider.refreshed(with, refresh_token).await,
            Kind::Github(github) => github.refreshed(with, refresh_token).await,
        }
    }

    /// The person `sub` of `iss` as they are now, by what [`Way::refreshed`] gave.
    ///
    /// # Errors
    /// The upstream does not say, or says it of somebody else.
    pub(crate) async fn owner<H: Host>(
        &self,
        with: &With<'_, H>,
        iss: &str,
        sub: &str,
        tokens: Tokens,
    ) -> Result<Person, Trouble> {
        let with = &with.to(self);
        let owner = match &self.kind {
            Kind::Openid(provider) => provider.owner(with, iss, sub, tokens).await?,
            Kind::Github(github) => github.owner(with, tokens).await?,
        };
        if owner.iss != iss || owner.sub != sub {
            return Err(Trouble::Foreign("the refresh token is of another person"));
        }
        Ok(owner)
    }
}

impl<'a> CameBack<'a> {
    /// The code. Who sent it has been compared: whose error is believed is decided like that, too.
    fn code(&self) -> Result<&'a str, Trouble> {
        match (self.error, self.code) {
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (Some("access_denied"), None) => Err(Trouble::Denied),
            (Some(error), None) => Err(Trouble::Refused(exchange::authorization_error(error))),
            (Some(_), Some(_)) => Err(Trouble::NotUsable("both a code and an error came back")),
            (None, _) => Err(Trouble::NotUsable("no code came back")),
        }
    }
}

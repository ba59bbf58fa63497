//! GitHub, also a company's own: OAuth 2.0 with an API that says who the person is. It has no ID tokens.

use jeton::{ForeignUrl, Host, Reach};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Begin, CameBack, Common, Kind, Network, Way, With,
    exchange::{self, Authentication, ClientSecret, Tokens},
    unreached,
};
use crate::{
    allow::{AllowRecord, Source},
    person::Person,
    settings::InvalidLogin,
    trouble::Trouble,
};

mod api;
#[cfg(test)]
mod tests;

use api::Api;

/// The GitHub that everybody means. It is the issuer of its people, too.
const URL: &str = "https://github.com";

/// What GitHub calls itself in answers (RFC 9207): its OAuth server beneath [`URL`].
const OAUTH: &str = "/login/oauth";

/// What is asked for where nothing is written: addresses, with which are verified.
const USUAL_SCOPE: &str = "user:email";

/// What is asked for, besides, where organizations decide.
const ORGANIZATIONS_SCOPE: &str = "read:org";

/// A GitHub, as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Github {
    /// Its origin: the issuer of its people.
    url: Url,
    iss: String,
    api: Api,
    client_id: String,
    client_secret: ClientSecret,
    scope: String,
}

/// A GitHub, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: String,
    name: Option<String>,
    #[serde(default)]
    allow: AllowRecord,
    #[serde(default)]
    claims: Map<String, Value>,
    url: Option<String>,
    #[serde(default)]
    network: Network,
    client_id: String,
    client_secret: String,
    scope: Option<String>,
}

impl Record {
    pub(super) fn parse(self, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Option<Way> {
        let url = self.url.as_deref().unwrap_or(URL);
        let reach = self.network.of(reach, url);
        let common = Common {
            source: Source::Github,
            reach: reach.clone(),
            id: self.id,
            name: self.name.unwrap_or_else(|| "GitHub".to_owned()),
            allow: self.allow,
            claims: self.claims,
        };
        common.with(wrong, |allow| {
            let invalid = |why: &str| {
                let expected = format!("your GitHub, such as https://github.acme.dev ({why})");
                InvalidLogin::new("url", expected)
            };
            let url = reach.url(url).map_err(|why| invalid(&unreached(why)))?;
            let url = url.as_url().clone();
            if url.path() != "/" || url.query().is_some() {
                return Err(invalid("without a path"));
            }
            let mut github = Github {
                iss: url.origin().ascii_serialization(),
                api: Api::of(&url),
                url,
                client_id: exchange::client_id(self.client_id)?,
                client_secret: ClientSecret::parse(self.client_secret)?,
                scope: exchange::scope(self.scope.as_deref(), USUAL_SCOPE)?.into_owned(),
            };
            if allow.asks_for_organizations() {
                github.ask_for_organizations();
            }
            Ok(Kind::Github(github))
        })
    }
}

impl Github {
    /// Whether its people are of this issuer.
    pub(super) fn is_of(&self, iss: &str) -> bool {
        self.iss == iss
    }

    /// Asks for the organizations of each person, too.
    pub(super) fn ask_for_organizations(&mut self) {
        if !self.asks_for_organizations() {
            self.scope = format!("{} {ORGANIZATIONS_SCOPE}", self.scope);
        }
    }

    fn asks_for_organizations(&self) -> bool {
        let mut names = self.scope.split(' ');
        // The wider scopes have the narrow one in them.
        names.any(|name| [ORGANIZATIONS_SCOPE, "write:org", "admin:org"].contains(&name))
    }

    /// Where the browser goes to log in.
    pub(super) fn authorization_url(&self, begin: &Begin<'_>) -> Url {
        let mut url = self.url.clone();
        url.set_path("/login/oauth/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", begin.redirect_uri)
            .append_pair("scope", &self.scope)
            .append_pair("state", begin.state)
            .append_pair("code_challenge", begin.code_challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(login) = begin.login_hint {
            url.query_pairs_mut().append_pair("login", login);
        }
        // The only one that it knows. It is also the nearest to a login anew.
        let mut prompts = begin.prompt.unwrap_or_default().split(' ');
        if prompts.any(|prompt| matches!(prompt, "select_account" | "login")) {
            url.query_pairs_mut()
                .append_pair("prompt", "select_account");
        }
        url
    }

    /// Who came back.
    pub(super) async fn person<H: Host>(
        &self,
        with: &With<'_, H>,
        came_back: &CameBack<'_>,
    ) -> Result<Person, Trouble> {
        if came_back.iss.is_some_and(|iss| !self.is_called(iss)) {
            return Err(Trouble::Foreign("the answer is of another issuer"));
        }
        let code = came_back.code()?;
        if came_back.max_age.is_some() {
            return Err(Trouble::Undated);
        }
        let parameters = [
            ("code", code),
            ("redirect_uri", came_back.redirect_uri),
            ("code_verifier", came_back.code_verifier),
        ];
        let (url, secret) = self.token_endpoint(with)?;
        let fetch = with.fetch();
        let tokens = exchange::tokens(&fetch, url, &self.client_id, secret, &parameters).await?;
        self.owner(with, tokens).await
    }

    /// What GitHub gives for a refresh token, which only GitHub Apps have, and only where their tokens expire.
    pub(super) async fn refreshed<H: Host>(
        &self,
        with: &With<'_, H>,
        refresh_token: &str,
    ) -> Result<Tokens, Trouble> {
        let (url, secret) = self.token_endpoint(with)?;
        let (fetch, client_id) = (with.fetch(), &self.client_id);
        exchange::refreshed(&fetch, url, client_id, secret, refresh_token).await
    }

    fn is_called(&self, iss: &str) -> bool {
        let rest = iss.strip_prefix(self.iss.as_str());
        matches!(rest, Some("" | OAUTH))
    }

    /// The token endpoint, and how we prove to it who we are.
    fn token_endpoint<H: Host>(
        &self,
        with: &With<'_, H>,
    ) -> Result<(ForeignUrl, Authentication<'_>), Trouble> {
        let mut url = self.url.clone();
        url.set_path("/login/oauth/access_token");
        let url = with.url("token", url.as_str())?;
        Ok((url, Authentication::Post(&self.client_secret)))
    }

    /// Whose the tokens are, as they are now.
    pub(super) async fn owner<H: Host>(
        &self,
        with: &With<'_, H>,
        tokens: Tokens,
    ) -> Result<Person, Trouble> {
        let (fetch, reach) = (with.fetch(), with.reach);
        let session = self.api.with(&fetch, reach, &tokens.access_token);
        let user = session.user().await?;
        let sub = user.id.to_string();
        let mut claims = user.into_claims();
        if let Some(address) = session.primary_address().await? {
            claims.insert("email".to_owned(), Value::from(address));
            claims.insert("email_verified".to_owned(), Value::from(true));
        }
        if self.asks_for_organizations() {
            let organizations = session.organizations().await?;
            let logins = organizations.iter().map(|found| found.login.as_str());
            claims.insert("organizations".to_owned(), logins.collect());
            let ids = organizations.iter().map(|found| found.id.to_string());
            claims.insert("organization_ids".to_owned(), ids.collect());
        }
        Ok(Person {
            iss: self.iss.clone(),
            sub,
            claims,
            auth_time: None,
            amr: Vec::new(),
            acr: None,
            refresh_token: tokens.refresh_token,
        })
    }
}

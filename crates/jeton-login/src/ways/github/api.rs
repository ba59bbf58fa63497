//! What GitHub's API says of the person whose token it is shown.

use http::{HeaderName, StatusCode, header::ACCEPT};
use jeton::{Fetch, Reach, Unreachable};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

use crate::{trouble::Trouble, ways::exchange};

/// What is sent with each request, so that answers stay what they are.
fn headers() -> [(HeaderName, &'static str); 2] {
    const API_VERSION: HeaderName = HeaderName::from_static("x-github-api-version");
    [
        (ACCEPT, "application/vnd.github+json"),
        (API_VERSION, "2022-11-28"),
    ]
}

/// The most entries of a page, and of a person's addresses.
const PAGE: usize = 100;

/// The most pages of organizations that are read. Who is in more is in those that come first.
const MOST_PAGES: usize = 2;

/// The API of a GitHub.
#[derive(Clone, Debug)]
pub(super) struct Api {
    base: String,
}

/// The API, shown a token.
pub(super) struct Session<'a, F> {
    base: &'a str,
    fetch: &'a F,
    reach: &'a Reach,
    access_token: &'a str,
}

/// A person. Their login can change hands; the number never does.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    login: String,
    name: Option<String>,
    avatar_url: Option<String>,
    html_url: Option<String>,
}

impl User {
    /// What is said of them, in the terms of OpenID Connect Core 1.0 §5.1. Their public address is left out:
    /// nobody says that it is verified.
    pub(super) fn into_claims(self) -> Map<String, Value> {
        let claims = [
            ("preferred_username", Some(self.login)),
            ("name", self.name),
            ("picture", self.avatar_url),
            ("profile", self.html_url),
        ];
        let claims = claims.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some((name.to_owned(), Value::from(value)))
        });
        let mut said = Map::new();
        said.extend(claims);
        said
    }
}

/// One of a person's addresses.
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// An organization that a person is in.
#[derive(Deserialize)]
pub(super) struct Organization {
    pub(super) id: u64,
    pub(super) login: String,
}

impl Api {
    /// The API of the GitHub at `url`: on a host of its own, or beneath a path on a company's own server.
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let base = if host == "github.com" || host.ends_with(".ghe.com") {
            format!("https://api.{host}")
        } else {
            format!("{}/api/v3", url.origin().ascii_serialization())
        };
        Self { base }
    }

    pub(super) fn with<'a, F: Fetch>(
        &'a self,
        fetch: &'a F,
        reach: &'a Reach,
        access_token: &'a str,
    ) -> Session<'a, F> {
        Session {
            base: &self.base,
            fetch,
            reach,
            access_token,
        }
    }
}

impl<F: Fetch> Session<'_, F> {
    pub(super) async fn user(&self) -> Result<User, Trouble> {
        self.get("user", "/user").await
    }

    /// The primary address, if it is verified. None, too, where the person or their GitHub App does not let us
    /// see addresses.
    pub(super) async fn primary_address(&self) -> Result<Option<String>, Trouble> {
        let path = format!("/user/emails?per_page={PAGE}");
        let addresses: Result<Vec<Address>, _> = self.get("emails", &path).await;
        let addresses = match addresses {
            Err(Trouble::Unreachable {
                why: Unreachable::Status(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND),
                ..
            }) => return Ok(None),
            addresses => addresses?,
        };
        let mut good = addresses
            .into_iter()
            .filter(|address| address.primary && address.verified);
        Ok(good.next().map(|address| address.email))
    }

    /// The organizations that the person is in, and that let our application know.
    pub(super) async fn organizations(&self) -> Result<Vec<Organization>, Trouble> {
        let mut organizations = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/user/orgs?per_page={PAGE}&page={page}");
            let more: Vec<Organization> = self.get("organizations", &path).await?;
            let is_last = more.len() < PAGE;
            organizations.extend(more);
            if is_last {
                break;
            }
        }
        Ok(organizations)
    }

    async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> Result<T, Trouble> {
        let url = self.reach.url(&format!("{}{path}", self.base));
        let url = url.map_err(Trouble::asking(what))?;
        exchange::opened(self.fetch, what, url, self.access_token, headers()).await
    }
}

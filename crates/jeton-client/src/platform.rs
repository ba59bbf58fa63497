//! Tokens with which a platform vouches for what runs on it.

use std::{fmt, future::Future, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde::Deserialize;
use url::Url;

use crate::{
    error::Error,
    exchange,
    metadata::is_trustworthy,
    runtime::{BoxFuture, Runtime},
};

/// The largest file that is read for a token.
const MAX_FILE: u64 = 64 * 1024;

/// Where the token of a platform comes from. It is asked for each time that the client proves itself,
/// since platforms renew what they give.
#[derive(Clone)]
pub struct PlatformToken(Source);

type Lookup = fn(&str) -> Option<String>;

#[derive(Clone)]
enum Source {
    GithubActions {
        audience: Option<String>,
        environment: Lookup,
    },
    File(PathBuf),
    Function(Arc<dyn Fn() -> BoxFuture<'static, Result<String, Error>> + Send + Sync>),
}

/// What GitHub Actions answer.
#[derive(Deserialize)]
struct GithubAnswer {
    value: String,
}

impl PlatformToken {
    /// The token of a job of GitHub Actions that has `permissions: id-token: write`. Its audience is
    /// the issuer.
    #[must_use]
    pub fn github_actions() -> Self {
        Self(Source::GithubActions {
            audience: None,
            environment: |name| std::env::var(name).ok(),
        })
    }

    /// The same with an audience of its own, where the rule of the server asks for one.
    #[must_use]
    pub fn github_actions_for(audience: impl Into<String>) -> Self {
        Self(Source::GithubActions {
            audience: Some(audience.into()),
            environment: |name| std::env::var(name).ok(),
        })
    }

    /// What stands in a file, which is read again each time: the projected token of a Kubernetes pod,
    /// or a JWT-SVID that an agent writes.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// What a function answers, which is asked each time.
    #[must_use]
    pub fn function<F, T>(function: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, Error>> + Send + 'static,
    {
        Self(Source::Function(Arc::new(move || Box::pin(function()))))
    }

    /// A token of AWS by `sts:GetWebIdentityToken`, signed by ES384, which counts for five minutes.
    #[cfg(all(feature = "aws", not(target_arch = "wasm32")))]
    #[must_use]
    pub fn aws(client: aws_sdk_sts::Client, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        Self::function(move || {
            let request = client
                .get_web_identity_token()
                .audience(audience.clone())
                .signing_algorithm("ES384")
                .duration_seconds(300);
            async move {
                let answer = request.send().await.map_err(|error| {
                    let error = error.into_service_error();
                    let code = error.meta().code().unwrap_or("unreachable").to_owned();
                    Error::credential_unavailable(format!("AWS gives no token: {code}"))
                })?;
                let token = answer.web_identity_token().map(str::to_owned);
                token.ok_or_else(|| Error::credential_unavailable("AWS gives no token"))
            }
        })
    }

    /// The token now, for the server of `issuer`.
    pub(crate) async fn token(&self, runtime: &Runtime, issuer: &str) -> Result<String, Error> {
        let token = match &self.0 {
            Source::GithubActions {
                audience,
                environment,
            } => {
                let audience = audience.as_deref().unwrap_or(issuer);
                github(runtime, *environment, audience).await?
            }
            Source::File(path) => read(path)?,
            Source::Function(function) => function().await?,
        };
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::credential_unavailable(
                "the platform's token is none",
            ));
        }
        Ok(token.to_owned())
    }
}

impl fmt::Debug for PlatformToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::GithubActions { audience, .. } => write!(f, "GithubActions({audience:?})"),
            Source::File(path) => write!(f, "File({})", path.display()),
            Source::Function(_) => f.write_str("Function"),
        }
    }
}

fn read(path: &PathBuf) -> Result<String, Error> {
    let unavailable = |why: &dyn fmt::Display| {
        Error::credential_unavailable(format!("the token in {}: {why}", path.display()))
    };
    let length = std::fs::metadata(path)
        .map_err(|error| unavailable(&error))?
        .len();
    if length > MAX_FILE {
        return Err(unavailable(&"larger than 64 kB"));
    }
    std::fs::read_to_string(path).map_err(|error| unavailable(&error))
}

async fn github(runtime: &Runtime, environment: Lookup, audience: &str) -> Result<String, Error> {
    let unavailable = |why: &str| Error::credential_unavailable(format!("GitHub Actions: {why}"));
    let variable = |name: &str| {
        environment(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                unavailable(&format!(
                    "{name} is not set: the job needs `permissions: id-token: write`"
                ))
            })
    };
    let mut url = Url::parse(&variable("ACTIONS_ID_TOKEN_REQUEST_URL")?)
        .ok()
        .filter(is_trustworthy)
        .ok_or_else(|| unavailable("ACTIONS_ID_TOKEN_REQUEST_URL is no https URL"))?;
    url.query_pairs_mut().append_pair("audience", audience);
    let bearer = format!("Bearer {}", variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?);
    let request = Request::get(url.as_str())
        .header(header::AUTHORIZATION, bearer)
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| unavailable("ACTIONS_ID_TOKEN_REQUEST_TOKEN is no header"))?;
    let answer = runtime
        .send(request, Duration::from_secs(10))
        .await
        .map_err(|error| unavailable(&error.to_string()))?;
    if answer.status() != StatusCode::OK {
        return Err(unavailable(&format!(
            "answered {}",
            answer.status().as_u16()
        )));
    }
    let answer: GithubAnswer =
        exchange::read(answer.body()).ok_or_else(|| unavailable("answered no token"))?;
    Ok(answer.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Code,
        testing::{self, Server},
    };

    const ISSUER: &str = "https://tokens.example";

    fn github(environment: Lookup) -> PlatformToken {
        PlatformToken(Source::GithubActions {
            audience: None,
            environment,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn of_github_actions() {
        let server = Server::new(|request, _| {
            assert_eq!(
                request.uri(),
                "https://gh.example/t?v=1&audience=https%3A%2F%2Ftokens.example"
            );
            assert_eq!(request.headers()["authorization"], "Bearer asks");
            testing::json(200, r#"{"value":"vouched"}"#)
        });
        let source = github(|name| {
            Some(
                if name.ends_with("URL") {
                    "https://gh.example/t?v=1"
                } else {
                    "asks"
                }
                .to_owned(),
            )
        });
        let token = source.token(&server.runtime(), ISSUER).await.unwrap();
        assert_eq!(token, "vouched");
    }

    #[tokio::test(start_paused = true)]
    async fn of_github_actions_where_it_is_not_there() {
        let server = Server::new(|_, _| testing::json(403, "{}"));
        let check = async |environment, expected: &str| {
            let error = github(environment)
                .token(&server.runtime(), ISSUER)
                .await
                .unwrap_err();
            assert_eq!(error.code(), Code::CredentialUnavailable);
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        };
        check(|_| None, "id-token: write").await;
        check(|_| Some("http://gh.example".to_owned()), "no https URL").await;
        check(|_| Some("https://hunter2.example\n".to_owned()), "").await;
        check(
            |name| {
                Some(
                    if name.ends_with("URL") {
                        "https://gh.example"
                    } else {
                        "hunter2"
                    }
                    .to_owned(),
                )
            },
            "answered 403",
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_file_as_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = PlatformToken::file(&path);
        let runtime = testing::runtime();
        let error = source.token(&runtime, ISSUER).await.unwrap_err();
        assert_eq!(error.code(), Code::CredentialUnavailable);
        for token in ["one", "two"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            assert_eq!(source.token(&runtime, ISSUER).await.unwrap(), token);
        }
        for none in [String::new(), "a b".to_owned(), "a".repeat(70_000)] {
            std::fs::write(&path, none).unwrap();
            assert!(source.token(&runtime, ISSUER).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_function() {
        let source = PlatformToken::function(|| async { Ok("vouched".to_owned()) });
        assert_eq!(
            source.token(&testing::runtime(), ISSUER).await.unwrap(),
            "vouched"
        );
        let source = PlatformToken::function(|| async { Err(Error::credential_unavailable("no")) });
        assert!(source.token(&testing::runtime(), ISSUER).await.is_err());
    }
}

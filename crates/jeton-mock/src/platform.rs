//! Platforms that vouch for machines, in whose place an issuer stands: it issues the tokens that a job,
//! a pod or a virtual machine would have, from a description of it, where its SDKs ask for them.
//!
//! Each has a file: what can be described, what a real one would refuse of it, its claims, its answers.

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    departures::Departures,
    json::{self, json_error},
    layout::path_of,
    spec::{Endpoint, InvalidSpec},
    visit::Visit,
};

mod ask;
mod aws;
mod azure;
mod check;
mod environment;
mod gcp;
mod github_actions;
mod gitlab;
mod kubernetes;
mod path;
mod spiffe;
mod text;

pub use aws::Aws;
pub use azure::{Azure, FederatedCredential};
pub use gcp::Gcp;
pub use github_actions::GithubActions;
pub use gitlab::{Audiences, Gitlab, IdToken};
pub use kubernetes::{Kubernetes, KubernetesObject};
pub(crate) use spiffe::Sequence;
pub use spiffe::Spiffe;

use ask::Ask;
pub(crate) use path::find;

/// The platform that an issuer stands in for, with the job that it vouches for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    expecting = "a platform: a table of one, such as github_actions"
)]
pub enum PlatformSpec {
    /// A job of GitHub Actions.
    GithubActions(Box<GithubActions>),
    /// A job of GitLab CI.
    Gitlab(Box<Gitlab>),
    /// A pod of a Kubernetes cluster.
    Kubernetes(Box<Kubernetes>),
    /// A session of a role of AWS.
    Aws(Box<Aws>),
    /// A workload of a SPIFFE trust domain.
    Spiffe(Box<Spiffe>),
    /// A machine of Google Cloud with a service account.
    Gcp(Box<Gcp>),
    /// A machine, app or workload of Azure with an identity.
    Azure(Box<Azure>),
}

/// Which platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    GithubActions,
    Gitlab,
    Kubernetes,
    Aws,
    Spiffe,
    Gcp,
    Azure,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::GithubActions,
        Self::Gitlab,
        Self::Kubernetes,
        Self::Aws,
        Self::Spiffe,
        Self::Gcp,
        Self::Azure,
    ];

    /// The issuer that stands in for it unasked, with an example job.
    pub(crate) const fn issuer_name(self) -> &'static str {
        match self {
            Self::GithubActions => "github-actions",
            Self::Gitlab => "gitlab",
            Self::Kubernetes => "kubernetes",
            Self::Aws => "aws",
            Self::Spiffe => "spiffe",
            Self::Gcp => "gcp-metadata",
            Self::Azure => "azure-metadata",
        }
    }
}

impl PlatformSpec {
    /// What the issuer of that name stands in for unasked.
    pub(crate) fn example(issuer_name: &str) -> Option<Self> {
        let mut all = Kind::ALL.into_iter();
        let kind = all.find(|kind| kind.issuer_name() == issuer_name)?;
        Some(match kind {
            Kind::GithubActions => Self::GithubActions(Box::default()),
            Kind::Gitlab => Self::Gitlab(Box::default()),
            Kind::Kubernetes => Self::Kubernetes(Box::default()),
            Kind::Aws => Self::Aws(Box::default()),
            Kind::Spiffe => Self::Spiffe(Box::default()),
            Kind::Gcp => Self::Gcp(Box::default()),
            Kind::Azure => Self::Azure(Box::default()),
        })
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::GithubActions(_) => Kind::GithubActions,
            Self::Gitlab(_) => Kind::Gitlab,
            Self::Kubernetes(_) => Kind::Kubernetes,
            Self::Aws(_) => Kind::Aws,
            Self::Spiffe(_) => Kind::Spiffe,
            Self::Gcp(_) => Kind::Gcp,
            Self::Azure(_) => Kind::Azure,
        }
    }

    /// What its issuer signs with where nobody says otherwise.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        match self {
            Self::Spiffe(_) => vec![Algorithm::ES256],
            _ => vec![Algorithm::RS256],
        }
    }

    /// Refuses what the platform itself could not have.
    pub(crate) fn check(&self) -> Result<(), InvalidSpec> {
        match self {
            Self::GithubActions(job) => job.check().map_err(|it| it.within("github_actions")),
            Self::Gitlab(job) => job.check().map_err(|it| it.within("gitlab")),
            Self::Kubernetes(pod) => pod.check().map_err(|it| it.within("kubernetes")),
            Self::Aws(session) => session.check().map_err(|it| it.within("aws")),
            Self::Spiffe(workload) => workload.check().map_err(|it| it.within("spiffe")),
            Self::Gcp(machine) => machine.check().map_err(|it| it.within("gcp")),
            Self::Azure(identity) => identity.check().map_err(|it| it.within("azure")),
        }
    }
}

/// The answer to a job that asks for a token, or to what belongs to it.
pub(crate) async fn respond(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let Some(platform) = visit.at.issuer.platform() else {
        let text = "the issuer stands in for no platform";
        return json_error(StatusCode::NOT_FOUND, "not_found", text);
    };
    let mut ask = Ask {
        visit,
        request,
        departures,
    };
    if path::is_environment(visit.at.provider, request.uri().path()) {
        return environment::respond(platform, &mut ask)
            .await
            .unwrap_or_else(|error| json::unusable(&error));
    }
    let answer = match platform {
        PlatformSpec::GithubActions(job) => job.respond(&mut ask).await,
        PlatformSpec::Kubernetes(pod) => pod.respond(&mut ask).await,
        PlatformSpec::Aws(session) => session.respond(&mut ask).await,
        PlatformSpec::Gcp(machine) => machine.respond(&mut ask).await,
        PlatformSpec::Azure(identity) => identity.respond(&mut ask).await,
        // Their jobs are handed their tokens.
        PlatformSpec::Gitlab(_) | PlatformSpec::Spiffe(_) => Ok(json_error(
            StatusCode::NOT_FOUND,
            "not_found",
            "the platform has nothing here",
        )),
    };
    answer.unwrap_or_else(|error| json::unusable(&error))
}

/// The discovery document as the platform has it (OpenID Connect Discovery 1.0 §4); `None` for an issuer
/// that stands in for none.
pub(crate) fn discovery(visit: &Visit<'_>, path: &str) -> Option<Value> {
    let platform = visit.at.issuer.platform()?;
    let signing = visit.at.served.config.signing_algorithms();
    let address = visit.at.address;
    Some(match platform {
        PlatformSpec::GithubActions(job) => job.discovery(address, signing),
        PlatformSpec::Gitlab(job) => job.discovery(address, signing),
        PlatformSpec::Kubernetes(pod) => pod.discovery(address, signing),
        PlatformSpec::Aws(session) => session.discovery(address, signing),
        PlatformSpec::Spiffe(workload) => workload.discovery(address, signing),
        PlatformSpec::Gcp(machine) => machine.discovery(address, signing),
        PlatformSpec::Azure(identity) => {
            let base = path::reached_at(visit, path);
            identity.discovery(address, &base, signing)
        }
    })
}

/// The issuer's JWK Set as the platform shows it.
pub(crate) fn keys(visit: &Visit<'_>, path: &str, set: &mut Map<String, Value>) {
    match visit.at.issuer.platform() {
        Some(PlatformSpec::Aws(_)) => aws::add_es384(visit, set),
        Some(PlatformSpec::Spiffe(workload)) if path.ends_with(path::BUNDLE) => {
            workload.bundle(visit, set);
        }
        _ => {}
    }
}

/// Where the server has the JWK Set of an issuer that stands in for a platform, which has it elsewhere.
pub(crate) fn known_keys_path(visit: &Visit<'_>) -> Option<Uri> {
    visit.at.issuer.platform()?;
    let base = path_of(&visit.at.address.base);
    format!("{base}{}", Endpoint::Jwks.path()).parse().ok()
}

#[cfg(test)]
mod tests;

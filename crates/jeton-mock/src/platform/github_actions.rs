//! GitHub Actions: <https://docs.github.com/en/actions/reference/security/oidc>.

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    text,
};
use crate::{
    address::Address,
    json::{json_error, json_response},
};

/// How long a token lives, in seconds.
const LIFETIME: u64 = 300;

/// How long before it is issued it is valid, in seconds.
const BEFORE: u64 = 300;

/// The events whose ref is that of a pull request, and no branch.
const PULL_REQUEST_EVENTS: [&str; 3] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
];

/// A job of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a job of GitHub Actions: a table, such as { repository = \"acme/shop\" }"
)]
pub struct GithubActions {
    /// `iss`, if not the mock's address: that of github.com, of an enterprise, of a server of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The repository, as `OWNER/NAME`.
    pub repository: String,
    /// Its id.
    pub repository_id: String,
    /// The id of its owner.
    pub repository_owner_id: String,
    /// `public`, `private` or `internal`.
    pub repository_visibility: String,
    /// Whether `sub` has ids beside names, as of each repository since July 2026.
    pub immutable_subject: bool,
    /// What has started the workflow.
    pub event_name: String,
    /// The branch, tag or pull request; absent: `refs/heads/main`, or `refs/pull/1/merge`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// `branch` or `tag`; absent: as `ref` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_type: Option<String>,
    /// Whether the branch or tag is protected.
    pub ref_protected: bool,
    /// The branch that a pull request is of; absent: `feature`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_ref: Option<String>,
    /// The branch that a pull request is for; absent: `main`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_ref: Option<String>,
    /// The commit.
    pub sha: String,
    /// The environment of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The name of the workflow.
    pub workflow: String,
    /// Its file; absent: `deploy.yml` of the repository, at `ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_ref: Option<String>,
    /// The file of the job, which is another one for a reusable workflow; absent: the workflow's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_workflow_ref: Option<String>,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// Who has started it.
    pub actor: String,
    /// Their id.
    pub actor_id: String,
    /// The id of the run.
    pub run_id: String,
    /// How many runs the workflow has had.
    pub run_number: String,
    /// How often this one was tried.
    pub run_attempt: String,
}

impl Default for GithubActions {
    fn default() -> Self {
        Self {
            issuer: None,
            repository: "acme/shop".to_owned(),
            repository_id: "74".to_owned(),
            repository_owner_id: "65".to_owned(),
            repository_visibility: "private".to_owned(),
            immutable_subject: true,
            event_name: "push".to_owned(),
            git_ref: None,
            ref_type: None,
            ref_protected: true,
            head_ref: None,
            base_ref: None,
            sha: "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432".to_owned(),
            environment: None,
            workflow: "deploy".to_owned(),
            workflow_ref: None,
            job_workflow_ref: None,
            runner_environment: "github-hosted".to_owned(),
            actor: "octocat".to_owned(),
            actor_id: "12".to_owned(),
            run_id: "42".to_owned(),
            run_number: "10".to_owned(),
            run_attempt: "1".to_owned(),
        }
    }
}

impl GithubActions {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        check::text("repository", &self.repository, "OWNER/NAME", |value| {
            value.matches('/').count() == 1
        })?;
        check::names("repository", &self.repository, 2, "OWNER/NAME")?;
        for (at, value) in [
            ("repository_id", &self.repository_id),
            ("repository_owner_id", &self.repository_owner_id),
            ("actor_id", &self.actor_id),
            ("run_id", &self.run_id),
            ("run_number", &self.run_number),
            ("run_attempt", &self.run_attempt),
        ] {
            check::id(at, value)?;
        }
        let visibilities = ["public", "private", "internal"];
        check::one_of(
            "repository_visibility",
            &self.repository_visibility,
            &visibilities,
        )?;
        let runners = ["github-hosted", "self-hosted"];
        check::one_of("runner_environment", &self.runner_environment, &runners)?;
        let event = "an event, such as push or workflow_dispatch";
        check::text("event_name", &self.event_name, event, |value| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            value.bytes().all(plain)
        })?;
        check::commit("sha", &self.sha)?;
        check::any("workflow", &self.workflow)?;
        check::any("actor", &self.actor)?;
        if let Some(environment) = &self.environment {
            check::any("environment", environment)?;
        }
        self.check_ref()?;
        let file = "OWNER/NAME/.github/workflows/FILE.yml@REF";
        for (at, value) in [
            ("workflow_ref", &self.workflow_ref),
            ("job_workflow_ref", &self.job_workflow_ref),
        ] {
            let Some(value) = value else { continue };
            check::text(at, value, file, is_file_at_ref)?;
        }
        Ok(())
    }

    fn check_ref(&self) -> Checked {
        let git_ref = self.git_ref();
        let pull = is_pull_request(&git_ref);
        let expected = "refs/heads/BRANCH, refs/tags/TAG or refs/pull/NUMBER/merge";
        check::text("ref", &git_ref, expected, |value| {
            pull || ["refs/heads/", "refs/tags/"]
                .iter()
                .any(|begin| value.len() > begin.len() && value.starts_with(begin))
        })?;
        let event = &self.event_name;
        let of_pull_request = PULL_REQUEST_EVENTS.contains(&event.as_str());
        if of_pull_request != pull {
            let expected = if of_pull_request {
                format!("refs/pull/NUMBER/merge, because event_name is {event:?}")
            } else {
                format!("refs/heads/BRANCH or refs/tags/TAG, because event_name is {event:?}")
            };
            return Err(crate::spec::InvalidSpec::new("ref", expected));
        }
        if let Some(ref_type) = &self.ref_type {
            let expected = format!("{:?}, because ref is {git_ref:?}", ref_type_of(&git_ref));
            check::text("ref_type", ref_type, expected, |value| {
                value == ref_type_of(&git_ref)
            })?;
        }
        // `pull_request_target` has them as well, though it runs for the base.
        let has_refs = event.starts_with("pull_request").then_some(());
        let other = format!("event_name is {event:?}, which is of no pull request");
        for (at, value) in [("head_ref", &self.head_ref), ("base_ref", &self.base_ref)] {
            let Some(value) = value else { continue };
            check::only_with(at, Some(()), has_refs, &other)?;
            let expected = "the name of a branch, without refs/heads/";
            check::text(at, value, expected, |value| !value.starts_with("refs/"))?;
        }
        Ok(())
    }

    fn git_ref(&self) -> String {
        self.git_ref.clone().unwrap_or_else(|| {
            if PULL_REQUEST_EVENTS.contains(&self.event_name.as_str()) {
                "refs/pull/1/merge".to_owned()
            } else {
                "refs/heads/main".to_owned()
            }
        })
    }

    fn owner(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }

    /// `repo:OWNER@1/NAME@2:environment:E`, and its like.
    fn subject(&self) -> String {
        let (owner, name) = self.repository.split_once('/').unwrap_or_default();
        let repository = if self.immutable_subject {
            let (owner_id, id) = (&self.repository_owner_id, &self.repository_id);
            format!("{owner}@{owner_id}/{name}@{id}")
        } else {
            self.repository.clone()
        };
        let escaped = |value: &str| value.replace(':', "%3A");
        let context = match &self.environment {
            Some(environment) => format!("environment:{}", escaped(environment)),
            None if self.event_name == "pull_request" => "pull_request".to_owned(),
            None => format!("ref:{}", escaped(&self.git_ref())),
        };
        format!("repo:{repository}:{context}")
    }

    fn claims(&self, ask: &Ask<'_, '_>, audience: &str) -> Result<Value, CryptoError> {
        let git_ref = self.git_ref();
        let of_pull_request = self.event_name.starts_with("pull_request");
        let branch = |given: &Option<String>, otherwise: &str| match given {
            Some(branch) => branch.clone(),
            None if of_pull_request => otherwise.to_owned(),
            None => String::new(),
        };
        let workflow_ref = self.workflow_ref.clone().unwrap_or_else(|| {
            let repository = &self.repository;
            format!("{repository}/.github/workflows/deploy.yml@{git_ref}")
        });
        let job_workflow_ref = self.job_workflow_ref.as_ref().unwrap_or(&workflow_ref);
        Ok(json!({
            "iss": ask.issuer(self.issuer.as_ref()),
            "sub": self.subject(),
            "aud": audience,
            "jti": text::random_uuid()?,
            "iat": ask.now(),
            "nbf": ask.now().saturating_sub(BEFORE),
            "exp": ask.now().saturating_add(LIFETIME),
            "ref": git_ref,
            "ref_type": ref_type_of(&git_ref),
            "ref_protected": self.ref_protected.to_string(),
            "sha": self.sha,
            "repository": self.repository,
            "repository_id": self.repository_id,
            "repository_owner": self.owner(),
            "repository_owner_id": self.repository_owner_id,
            "repository_visibility": self.repository_visibility,
            "environment": self.environment,
            "event_name": self.event_name,
            "head_ref": branch(&self.head_ref, "feature"),
            "base_ref": branch(&self.base_ref, "main"),
            "workflow": self.workflow,
            "workflow_ref": workflow_ref,
            "workflow_sha": self.sha,
            "job_workflow_ref": job_workflow_ref,
            "job_workflow_sha": self.sha,
            "runner_environment": self.runner_environment,
            "actor": self.actor,
            "actor_id": self.actor_id,
            "run_id": self.run_id,
            "run_number": self.run_number,
            "run_attempt": self.run_attempt,
        }))
    }

    pub(super) async fn respond(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Response<Bytes>, CryptoError> {
        let is_ours = ask.bearer() == Some(&request_token(ask.visit.at.issuer.name()));
        if !is_ours {
            if ask.bearer().is_none() || !ask.visit.is_lenient() {
                let text = "expected Authorization: Bearer with ACTIONS_ID_TOKEN_REQUEST_TOKEN";
                return Ok(json_error(StatusCode::UNAUTHORIZED, "unauthorized", text));
            }
            ask.departures.waived.push("request_token");
        }
        let owner = format!("https://github.com/{}", self.owner());
        let audience = ask.get("audience").unwrap_or(&owner).to_owned();
        let claims = self.claims(ask, &audience)?;
        let token = ask.issue(Token::new(ask, claims)).await?;
        let body = json!({ "count": token.len(), "value": token });
        Ok(Ask::about(
            json_response(StatusCode::OK, &body),
            &self.subject(),
        ))
    }

    /// What the runner tells a step that may have tokens.
    pub(super) fn variables(ask: &Ask<'_, '_>) -> Vec<(String, String)> {
        let at = &ask.visit.at;
        let url = format!("{}/idtoken?api-version=2.0", at.address.backend);
        vec![
            ("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), url),
            (
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(),
                request_token(at.issuer.name()),
            ),
        ]
    }

    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "jwks_uri": format!("{}/.well-known/jwks", address.backend),
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": CLAIMS,
            "id_token_signing_alg_values_supported": signing,
            "scopes_supported": ["openid"],
        })
    }
}

const CLAIMS: [&str; 32] = [
    "sub",
    "aud",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "ref",
    "sha",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_id",
    "run_number",
    "run_attempt",
    "actor",
    "actor_id",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "head_ref",
    "base_ref",
    "event_name",
    "ref_type",
    "ref_protected",
    "environment",
    "job_workflow_ref",
    "job_workflow_sha",
    "runner_environment",
    "check_run_id",
];

/// What a step shows to have a token; the same in every run.
fn request_token(issuer_name: &str) -> String {
    text::same_hex(&["ACTIONS_ID_TOKEN_REQUEST_TOKEN", issuer_name])
}

fn is_pull_request(git_ref: &str) -> bool {
    let rest = git_ref.strip_prefix("refs/pull/");
    let number = rest.and_then(|rest| rest.strip_suffix("/merge"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn ref_type_of(git_ref: &str) -> &'static str {
    if git_ref.starts_with("refs/tags/") {
        "tag"
    } else {
        "branch"
    }
}

fn is_file_at_ref(value: &str) -> bool {
    let Some((file, git_ref)) = value.split_once('@') else {
        return false;
    };
    let is_file = file
        .split_once("/.github/workflows/")
        .is_some_and(|(repository, name)| {
            check::names("", repository, 2, "").is_ok()
                && repository.matches('/').count() == 1
                && [".yml", ".yaml"].iter().any(|end| name.ends_with(end))
        });
    is_file && !git_ref.is_empty()
}

//! GitLab CI: <https://docs.gitlab.com/ci/secrets/id_token_authentication/>.

use std::collections::BTreeMap;

use jeton::CryptoError;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ask::{Ask, Token},
    check::{self, Checked},
    text,
};
use crate::address::Address;

/// How long a token lives, in seconds: as long as a job may run.
const LIFETIME: u64 = 3600;

/// How long before it is issued it is valid, in seconds.
const BEFORE: u64 = 5;

/// A job of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a job of GitLab CI: a table, such as { project_path = \"acme/shop\" }"
)]
pub struct Gitlab {
    /// `iss`, if not the mock's address: that of an instance, such as `https://gitlab.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The project, as `GROUP/NAME`.
    pub project_path: String,
    /// Its id.
    pub project_id: String,
    /// The id of its group.
    pub namespace_id: String,
    /// `public`, `internal` or `private`.
    pub project_visibility: String,
    /// The branch or tag, as `main`.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// `branch` or `tag`.
    pub ref_type: String,
    /// Whether it is protected.
    pub ref_protected: bool,
    /// The commit.
    pub sha: String,
    /// The environment of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_protected: Option<bool>,
    /// Its tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_tier: Option<String>,
    /// What has started the pipeline.
    pub pipeline_source: String,
    /// The id of the pipeline.
    pub pipeline_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The id of the runner.
    pub runner_id: u64,
    /// `gitlab-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// Where its configuration is; absent: `.gitlab-ci.yml` of the project, at `ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_config_ref_uri: Option<String>,
    /// Who has started it.
    pub user_login: String,
    /// Their id.
    pub user_id: String,
    /// Their email.
    pub user_email: String,
    /// What they are in the project.
    pub user_access_level: String,
    /// The tokens that the job asks for, by their variables. Empty: `GITLAB_OIDC_TOKEN`, for the audience
    /// that the environment is asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub id_tokens: BTreeMap<String, IdToken>,
}

/// A token that a job asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an ID token: a table with aud")]
pub struct IdToken {
    /// Whom it is for.
    pub aud: Audiences,
}

/// One audience, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a text, or a list of texts")]
pub enum Audiences {
    /// `aud` is a text.
    One(String),
    /// `aud` is an array.
    Several(Vec<String>),
}

impl Default for Gitlab {
    fn default() -> Self {
        Self {
            issuer: None,
            project_path: "acme/shop".to_owned(),
            project_id: "74".to_owned(),
            namespace_id: "65".to_owned(),
            project_visibility: "private".to_owned(),
            git_ref: "main".to_owned(),
            ref_type: "branch".to_owned(),
            ref_protected: true,
            sha: "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432".to_owned(),
            environment: None,
            environment_protected: None,
            deployment_tier: None,
            pipeline_source: "push".to_owned(),
            pipeline_id: "4711".to_owned(),
            job_id: "42".to_owned(),
            runner_id: 1,
            runner_environment: "gitlab-hosted".to_owned(),
            ci_config_ref_uri: None,
            user_login: "alice".to_owned(),
            user_id: "12".to_owned(),
            user_email: "alice@example.com".to_owned(),
            user_access_level: "maintainer".to_owned(),
            id_tokens: BTreeMap::new(),
        }
    }
}

impl Gitlab {
    pub(super) fn check(&self) -> Checked {
        check::issuer(self.issuer.as_ref())?;
        check::names("project_path", &self.project_path, 2, "GROUP/NAME")?;
        for (at, value) in [
            ("project_id", &self.project_id),
            ("namespace_id", &self.namespace_id),
            ("pipeline_id", &self.pipeline_id),
            ("job_id", &self.job_id),
            ("user_id", &self.user_id),
        ] {
            check::id(at, value)?;
        }
        let visibilities = ["public", "internal", "private"];
        check::one_of(
            "project_visibility",
            &self.project_visibility,
            &visibilities,
        )?;
        let expected = "the name of a branch or tag, without refs/heads/ or refs/tags/";
        check::text("ref", &self.git_ref, expected, |it| {
            !it.starts_with("refs/")
        })?;
        check::one_of("ref_type", &self.ref_type, &["branch", "tag"])?;
        check::commit("sha", &self.sha)?;
        let has_environment = self.environment.as_ref().map(|_| ());
        let none = "the job has no environment";
        let protected = self.environment_protected.map(|_| ());
        check::only_with("environment_protected", protected, has_environment, none)?;
        let tier = self.deployment_tier.as_ref().map(|_| ());
        check::only_with("deployment_tier", tier, has_environment, none)?;
        if let Some(environment) = &self.environment {
            check::any("environment", environment)?;
        }
        if let Some(tier) = &self.deployment_tier {
            let tiers = ["production", "staging", "testing", "development", "other"];
            check::one_of("deployment_tier", tier, &tiers)?;
        }
        let runners = ["gitlab-hosted", "self-hosted"];
        check::one_of("runner_environment", &self.runner_environment, &runners)?;
        let source = "a source of pipelines, such as push or merge_request_event";
        check::text("pipeline_source", &self.pipeline_source, source, |value| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            value.bytes().all(plain)
        })?;
        check::any("user_login", &self.user_login)?;
        check::text("user_email", &self.user_email, "an email", |it| {
            it.contains('@')
        })?;
        let levels = [
            "guest",
            "planner",
            "reporter",
            "developer",
            "maintainer",
            "owner",
        ];
        check::one_of("user_access_level", &self.user_access_level, &levels)?;
        for (name, token) in &self.id_tokens {
            let at = format!("id_tokens.{name}");
            let expected = "the name of a variable: A-Z a-z 0-9 and _";
            check::text(&at, name, expected, is_variable)?;
            let audiences = token.aud.all();
            let expected = "an audience, or several";
            check::text(&format!("{at}.aud"), &audiences.join(" "), expected, |_| {
                audiences.iter().all(|audience| !audience.is_empty())
            })?;
        }
        Ok(())
    }

    /// The group, which has groups before it where there are several.
    fn namespace(&self) -> &str {
        let parts = self.project_path.rsplit_once('/');
        parts.map_or("", |(namespace, _)| namespace)
    }

    fn subject(&self) -> String {
        let (path, kind, name) = (&self.project_path, &self.ref_type, &self.git_ref);
        format!("project_path:{path}:ref_type:{kind}:ref:{name}")
    }

    fn claims(&self, ask: &Ask<'_, '_>, audiences: &Audiences) -> Result<Value, CryptoError> {
        let issuer = ask.issuer(self.issuer.as_ref());
        let host = issuer.split_once("://").map_or("", |(_, host)| host);
        let folder = if self.ref_type == "tag" {
            "tags"
        } else {
            "heads"
        };
        let ref_path = format!("refs/{folder}/{}", self.git_ref);
        let config = self
            .ci_config_ref_uri
            .clone()
            .unwrap_or_else(|| format!("{host}/{}//.gitlab-ci.yml@{ref_path}", self.project_path));
        // A pipeline of a merge request has another path, which depends on more than is described.
        let ref_path = (self.pipeline_source != "merge_request_event").then_some(ref_path);
        Ok(json!({
            "iss": issuer,
            "sub": self.subject(),
            "aud": audiences,
            "jti": text::random_uuid()?,
            "iat": ask.now(),
            "nbf": ask.now().saturating_sub(BEFORE),
            "exp": ask.now().saturating_add(LIFETIME),
            "namespace_id": self.namespace_id,
            "namespace_path": self.namespace(),
            "project_id": self.project_id,
            "project_path": self.project_path,
            "project_visibility": self.project_visibility,
            "job_project_id": self.project_id,
            "job_project_path": self.project_path,
            "job_namespace_id": self.namespace_id,
            "job_namespace_path": self.namespace(),
            "user_id": self.user_id,
            "user_login": self.user_login,
            "user_email": self.user_email,
            "user_access_level": self.user_access_level,
            "pipeline_id": self.pipeline_id,
            "pipeline_source": self.pipeline_source,
            "job_id": self.job_id,
            "ref": self.git_ref,
            "ref_type": self.ref_type,
            "ref_path": ref_path,
            "ref_protected": self.ref_protected.to_string(),
            "environment": self.environment,
            "environment_protected": self.environment_protected.map(|it| it.to_string()),
            "deployment_tier": self.deployment_tier,
            "runner_id": self.runner_id,
            "runner_environment": self.runner_environment,
            "sha": self.sha,
            "ci_config_ref_uri": config,
            "ci_config_sha": self.sha,
        }))
    }

    /// The tokens that the job is handed, by their variables.
    pub(super) async fn variables(
        &self,
        ask: &mut Ask<'_, '_>,
    ) -> Result<Vec<(String, String)>, CryptoError> {
        let mut wanted = self.id_tokens.clone();
        if wanted.is_empty() {
            // The instance's own, where none is named.
            let own = ask.issuer(self.issuer.as_ref());
            let aud = Audiences::One(ask.get("audience").unwrap_or(&own).to_owned());
            wanted.insert("GITLAB_OIDC_TOKEN".to_owned(), IdToken { aud });
        }
        let mut variables = vec![("CI".to_owned(), "true".to_owned())];
        let own = [
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", &self.project_path),
            ("CI_PROJECT_ID", &self.project_id),
            ("CI_COMMIT_REF_NAME", &self.git_ref),
            ("CI_COMMIT_SHA", &self.sha),
            ("CI_PIPELINE_SOURCE", &self.pipeline_source),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (name, token) in wanted {
            let claims = self.claims(ask, &token.aud)?;
            let token = ask.issue(Token::new(ask, claims)).await?;
            variables.push((name, token));
        }
        Ok(variables)
    }

    pub(super) fn discovery(&self, address: &Address, signing: &[Algorithm]) -> Value {
        let base = &address.backend;
        json!({
            "issuer": self.issuer.as_ref().unwrap_or(&address.issuer),
            "authorization_endpoint": format!("{}/authorize", address.browser),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/oauth/discovery/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": signing,
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "project_path", "ref", "ref_type"],
        })
    }
}

impl Audiences {
    fn all(&self) -> Vec<&str> {
        match self {
            Self::One(audience) => vec![audience],
            Self::Several(audiences) => audiences.iter().map(String::as_str).collect(),
        }
    }
}

fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain) && !name.starts_with(|it: char| it.is_ascii_digit())
}

//! Each platform: a rule as it is written, a token as the platform makes it, and its neighbours.

use serde_json::{Map, json};

use super::*;

mod messages;

/// The document that these arguments write.
fn written(arguments: &str) -> Result<TrustedIssuer> {
    let arguments = arguments.split_whitespace();
    let arguments = arguments.chain(["--client", "c"]);
    written_for(Vec::from_iter(arguments).as_slice())
}

fn written_for(arguments: &[&str]) -> Result<TrustedIssuer> {
    let matches = command().try_get_matches_from([&["new"], arguments].concat())?;
    let (name, matches) = matches.subcommand().unwrap();
    let platform = PLATFORMS.into_iter().find(|it| it.name == name).unwrap();
    let jwks = matches.get_one::<String>("jwks").map(|_| jwks());
    let document = document(platform, matches, jwks)?;
    checked(platform, &serde_json::to_string(&document)?)
}

fn jwks() -> Value {
    json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "kid": "a", "use": "jwt-svid",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }] })
}

/// A rule, beside a token that it matches.
struct Rule {
    trusted: TrustedIssuer,
    token: Map<String, Value>,
}

impl Rule {
    /// The rule of these arguments, which matches `token` of `issuer`.
    fn matching(arguments: &str, issuer: &str, token: Value) -> Self {
        let trusted = written(arguments).unwrap();
        assert_eq!(trusted.issuer, issuer);
        let rule = Self {
            trusted,
            token: token.as_object().unwrap().clone(),
        };
        assert!(rule.is_met(&rule.token), "{:?}", rule.token);
        rule
    }

    fn is_met(&self, claims: &Map<String, Value>) -> bool {
        let [rule] = self.trusted.rules.as_slice() else {
            panic!("{:?}", self.trusted);
        };
        rule.conditions.iter().all(|it| it.is_met(claims))
    }

    /// The same token with these claims is not matched.
    fn not(&self, claims: Value) -> &Self {
        let mut neighbour = self.token.clone();
        for (name, value) in claims.as_object().unwrap() {
            match value {
                Value::Null => drop(neighbour.remove(name)),
                value => drop(neighbour.insert(name.clone(), value.clone())),
            }
        }
        assert_ne!(neighbour, self.token, "{claims}");
        assert!(!self.is_met(&neighbour), "{claims}");
        self
    }

    /// The same token with these claims is matched too.
    fn also(&self, claims: Value) -> &Self {
        let mut other = self.token.clone();
        other.extend(claims.as_object().unwrap().clone());
        assert_ne!(other, self.token, "{claims}");
        assert!(self.is_met(&other), "{claims}");
        self
    }

    fn counts_once(&self, expected: SingleUse) {
        let single_use = self.trusted.rules[0].single_use;
        assert_eq!(single_use, matches!(expected, SingleUse::On));
    }
}

enum SingleUse {
    On,
    Off,
}

fn github_token(subject: &str) -> Value {
    json!({
        "jti": "6a5a5a", "sub": subject, "aud": "https://jeton.acme.dev",
        "ref": "refs/heads/main", "sha": "b5ffe3aeea51cec6c41aef16e45ee6bce47d8810",
        "repository": "octo/app", "repository_owner": "octo", "repository_owner_id": "583231",
        "repository_id": "1296269", "repository_visibility": "private", "run_id": "30433642",
        "run_number": "17", "run_attempt": "1", "actor": "octocat", "actor_id": "1",
        "workflow": "Deploy", "head_ref": "", "base_ref": "", "event_name": "push",
        "ref_type": "branch", "ref_protected": "true", "environment": "production",
        "workflow_ref": "octo/app/.github/workflows/deploy.yml@refs/heads/main",
        "job_workflow_ref": "octo/app/.github/workflows/deploy.yml@refs/heads/main",
        "runner_environment": "github-hosted", "iat": 1_800_000_000, "exp": 1_800_000_300,
    })
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[test]
fn github_by_environment() {
    let rule = Rule::matching(
        "github --repository-id 1296269 --owner-id 583231 --environment production",
        GITHUB,
        github_token("repo:octo/app:environment:production"),
    );
    rule.counts_once(SingleUse::On);
    rule.also(json!({ "sub": "repo:octo@583231/app@1296269:environment:production" }))
        .also(json!({ "repository": "octo/renamed", "ref": "refs/heads/other" }))
        .also(json!({ "event_name": "workflow_dispatch" }))
        // The name, taken by somebody else; their fork; another of the owner's.
        .not(json!({ "repository_id": "888800001", "repository_owner_id": "5550001" }))
        .not(json!({ "repository_id": "888800001" }))
        .not(json!({ "repository_id": 1_296_269 }))
        .not(json!({ "environment": "staging" }))
        .not(json!({ "environment": null }))
        .not(json!({ "event_name": "pull_request", "ref": "refs/pull/1/merge" }))
        .not(json!({ "event_name": "pull_request_target" }))
        .not(json!({ "event_name": "workflow_run" }))
        .not(json!({ "event_name": "schedule" }));
}

#[test]
fn github_by_branch_event_and_workflow() {
    let rule = Rule::matching(
        "github --repository-id 1296269 --owner-id 583231 --repository octo/app --ref refs/heads/main \
         --event push --event release \
         --workflow octo/app/.github/workflows/deploy.yml@refs/heads/main",
        GITHUB,
        github_token("repo:octo@583231/app@1296269:ref:refs/heads/main"),
    );
    rule.also(json!({ "event_name": "release" }))
        .not(json!({ "event_name": "workflow_dispatch" }))
        .not(json!({ "repository": "octo/renamed" }))
        .not(json!({ "ref": "refs/tags/main", "ref_type": "tag" }))
        .not(json!({ "ref": "refs/heads/main2" }))
        .not(
            json!({ "job_workflow_ref": "octo/app/.github/workflows/deploy.yml@refs/heads/other" }),
        );
}

#[test]
fn github_of_an_enterprise_and_on_its_own_server() {
    for issuer in [
        "https://token.actions.githubusercontent.com/acme",
        "https://token.actions.acme.ghe.com",
        "https://github.acme.example/_services/token",
    ] {
        let arguments = format!(
            "github --repository-id 1296269 --owner-id 583231 --environment production --issuer {issuer}"
        );
        let token = github_token("repo:octo/app:environment:production");
        Rule::matching(&arguments, issuer, token);
    }
}

fn gitlab_token() -> Value {
    json!({
        "namespace_id": "72", "namespace_path": "my-group", "project_id": "20",
        "project_path": "my-group/my-project", "user_id": "1", "user_login": "sample-user",
        "user_email": "sample-user@acme.dev", "pipeline_id": "574", "pipeline_source": "push",
        "job_id": "302", "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main",
        "ref_protected": "true", "environment": "production", "environment_protected": "true",
        "ci_config_ref_uri": "gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
        "jti": "235b3a54", "iss": "https://gitlab.com", "iat": 1_800_000_000, "nbf": 1_799_999_995,
        "exp": 1_800_003_600, "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
        "aud": "https://jeton.acme.dev",
    })
}

#[test]
fn gitlab_by_branch() {
    let rule = Rule::matching(
        "gitlab --project-id 20 --ref main",
        "https://gitlab.com",
        gitlab_token(),
    );
    rule.counts_once(SingleUse::On);
    rule.also(json!({ "project_path": "my-group/renamed", "sub": "project_path:my-group/renamed:ref_type:branch:ref:main" }))
        .also(json!({ "sub": "project_id:20:ref_type:branch:ref:main" }))
        // The path, taken by another; a fork's merge request; a tag that is called main.
        .not(json!({ "project_id": "999" }))
        .not(json!({ "project_id": "999", "project_path": "stranger/my-project" }))
        .not(json!({ "ref_type": "tag", "ref_path": "refs/tags/main" }))
        .not(json!({ "ref": "feature" }));
}

#[test]
fn gitlab_by_group_tag_and_environment() {
    let rule = Rule::matching(
        "gitlab --project-id 20 --namespace-id 72 --project my-group/my-project --environment production \
         --ref-protected true --issuer https://git.acme.example",
        "https://git.acme.example",
        gitlab_token(),
    );
    rule.not(json!({ "namespace_id": "73" }))
        .not(json!({ "project_path": "my-group/renamed" }))
        .not(json!({ "environment": "staging" }))
        .not(json!({ "ref_protected": "false" }))
        .not(json!({ "ref_protected": true }));
    let tag = json!({ "ref_type": "tag", "ref": "v1", "ref_path": "refs/tags/v1" });
    let mut token = gitlab_token();
    token
        .as_object_mut()
        .unwrap()
        .extend(tag.as_object().unwrap().clone());
    Rule::matching(
        "gitlab --project-id 20 --ref v1 --ref-type tag",
        "https://gitlab.com",
        token,
    )
    .not(json!({ "ref_type": "branch" }));
}

#[test]
fn kubernetes() {
    let token = json!({
        "aud": ["https://jeton.acme.dev"], "exp": 1_800_003_607, "iat": 1_800_000_000, "nbf": 1_800_000_000,
        "iss": "https://kubernetes.example", "jti": "d0b2",
        "kubernetes.io": {
            "namespace": "ci", "node": { "name": "n", "uid": "5" }, "pod": { "name": "p", "uid": "6" },
            "serviceaccount": { "name": "deploy", "uid": "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21" },
        },
        "sub": "system:serviceaccount:ci:deploy",
    });
    let arguments = "kubernetes --issuer https://kubernetes.example --namespace ci \
                     --service-account deploy --jwks -";
    let rule = Rule::matching(arguments, "https://kubernetes.example", token.clone());
    rule.counts_once(SingleUse::Off);
    let anew = json!({ "kubernetes.io": { "serviceaccount": { "name": "deploy", "uid": "2" } } });
    rule.also(anew.clone())
        .not(json!({ "sub": "system:serviceaccount:ci:deployer" }))
        .not(json!({ "sub": "system:serviceaccount:other:deploy" }))
        .not(json!({ "sub": "system:serviceaccount:ci:default" }));
    let arguments = format!("{arguments} --uid 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21");
    Rule::matching(&arguments, "https://kubernetes.example", token)
        .not(anew)
        .not(json!({ "kubernetes.io": null }));
}

#[test]
fn aws() {
    let issuer = "https://abc123-def456.tokens.sts.global.api.aws";
    let token = json!({
        "iss": issuer, "aud": "https://jeton.acme.dev", "sub": "arn:aws:iam::123456789012:role/Deploy",
        "iat": 1_800_000_000, "exp": 1_800_000_900, "jti": "xyz",
        "https://sts.amazonaws.com/": { "aws_account": "123456789012", "source_region": "eu-west-1" },
    });
    let arguments = format!("aws --issuer {issuer} --role arn:aws:iam::123456789012:role/Deploy");
    let rule = Rule::matching(&arguments, issuer, token);
    rule.counts_once(SingleUse::Off);
    let algorithms = rule.trusted.algorithms.iter().map(|it| format!("{it:?}"));
    assert_eq!(Vec::from_iter(algorithms), ["ES384", "RS256"]);
    rule.not(json!({ "sub": "arn:aws:iam::123456789012:role/Deployer" }))
        .not(json!({ "sub": "arn:aws:iam::999999999999:role/Deploy" }))
        .not(json!({ "sub": "arn:aws:iam::123456789012:user/Deploy" }));
}

#[test]
fn google() {
    let token = json!({
        "aud": "https://jeton.acme.dev", "azp": "104029292853099", "email": "ci@acme.iam.gserviceaccount.com",
        "email_verified": true, "exp": 1_800_003_600, "iat": 1_800_000_000,
        "iss": "https://accounts.google.com", "sub": "104029292853099",
    });
    let arguments = "gcp --service-account-id 104029292853099";
    let rule = Rule::matching(arguments, "https://accounts.google.com", token.clone());
    rule.counts_once(SingleUse::Off);
    rule.also(json!({ "email": "renamed@acme.iam.gserviceaccount.com" }))
        // Made anew with the same email; a person.
        .not(json!({ "sub": "104029292853000", "azp": "104029292853000" }))
        .not(json!({ "sub": 104_029_292_853_099_u64 }));
    let arguments = format!("{arguments} --email ci@acme.iam.gserviceaccount.com");
    Rule::matching(&arguments, "https://accounts.google.com", token).not(json!({ "email": null }));
}

#[test]
fn azure() {
    let token = |version: &str| {
        json!({
            "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "iat": 1_800_000_000, "nbf": 1_800_000_000,
            "exp": 1_800_003_600, "azp": "9f8b", "oid": "5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11", "sub": "5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11", "tid": "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21",
            "ver": version, "idtyp": "app",
        })
    };
    let arguments = "azure --audience 6e74172b-be56-4843-9ff4-e66a39bb12e3 --tenant-id 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21 --object-id 5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11";
    let issuer = "https://login.microsoftonline.com/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21/v2.0";
    let rule = Rule::matching(arguments, issuer, token("2.0"));
    rule.counts_once(SingleUse::Off);
    rule.also(json!({ "idtyp": null, "azp": "aaaa" }))
        .not(json!({ "oid": "aaaa", "sub": "aaaa" }))
        .not(json!({ "tid": "aaaa" }));
    let issuer = "https://sts.windows.net/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21/";
    let arguments = format!("{arguments} --idtyp app --issuer {issuer}");
    Rule::matching(&arguments, issuer, token("1.0"))
        .not(json!({ "idtyp": "user" }))
        .not(json!({ "idtyp": null }));
}

#[test]
fn spiffe() {
    let token = json!({
        "sub": "spiffe://acme.example/ns/ci/sa/deploy", "aud": ["https://jeton.acme.dev"],
        "exp": 1_800_000_300, "iat": 1_800_000_000,
    });
    let bundle = "--trust-domain acme.example --jwks-uri https://spire.acme.example/bundle";
    let issuer = "spiffe://acme.example";
    let arguments = format!("spiffe {bundle} --path /ns/ci/sa/deploy");
    let rule = Rule::matching(&arguments, issuer, token.clone());
    rule.counts_once(SingleUse::Off);
    rule.not(json!({ "sub": "spiffe://acme.example/ns/ci/sa/deployer" }))
        .not(json!({ "sub": "spiffe://other.example/ns/ci/sa/deploy" }));
    let arguments = format!("spiffe {bundle} --path /ns/ci/sa/a --path /ns/ci/sa/deploy");
    Rule::matching(&arguments, issuer, token.clone())
        .also(json!({ "sub": "spiffe://acme.example/ns/ci/sa/a" }));
    let arguments = format!("spiffe {bundle} --prefix /ns/ci/");
    Rule::matching(&arguments, issuer, token)
        .also(json!({ "sub": "spiffe://acme.example/ns/ci/sa/other" }))
        .not(json!({ "sub": "spiffe://acme.example/ns/cicd/sa/deploy" }))
        .not(json!({ "sub": "spiffe://acme.example/ns/ci" }));
}

#[test]
fn circleci() {
    let issuer = "https://oidc.circleci.com/org/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21";
    let token = json!({
        "aud": "https://jeton.acme.dev", "iss": issuer, "iat": 1_800_000_000, "exp": 1_800_003_600,
        "sub": "org/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21/project/5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11/user/aaaa/vcs-origin/github.com/octo/app/vcs-ref/refs/heads/main",
        "oidc.circleci.com/org-id": "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21", "oidc.circleci.com/project-id": "5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11",
        "oidc.circleci.com/context-ids": ["0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33", "1d9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33"], "oidc.circleci.com/ssh-rerun": false,
        "oidc.circleci.com/vcs-origin": "github.com/octo/app",
        "oidc.circleci.com/vcs-ref": "refs/heads/main",
    });
    let ids = "circleci --organization-id 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21 --project-id 5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11";
    let rule = Rule::matching(
        &format!("{ids} --ref refs/heads/main --origin github.com/octo/app"),
        issuer,
        token.clone(),
    );
    rule.counts_once(SingleUse::Off);
    rule.also(json!({ "sub": "org/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21/project/5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11/user/bbbb" }))
        .not(json!({ "oidc.circleci.com/project-id": "9999" }))
        .not(json!({ "oidc.circleci.com/vcs-ref": "refs/heads/feature" }))
        .not(json!({ "oidc.circleci.com/vcs-ref": "refs/tags/main" }))
        .not(json!({ "oidc.circleci.com/vcs-origin": "github.com/stranger/app" }))
        .not(json!({ "oidc.circleci.com/ssh-rerun": true }))
        .not(json!({ "oidc.circleci.com/ssh-rerun": "false" }))
        .not(json!({ "oidc.circleci.com/ssh-rerun": null }));
    let anywhere = written(&format!("{ids} --ref refs/heads/main")).unwrap_err();
    assert!(anywhere.to_string().contains("any_ref: "), "{anywhere}");
    Rule::matching(
        &format!("{ids} --context-id 0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33 --context-id 1d9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33"),
        issuer,
        token,
    )
    .not(json!({ "oidc.circleci.com/context-ids": ["0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33"] }))
    .not(json!({ "oidc.circleci.com/context-ids": [] }));
}

#[test]
fn buildkite() {
    let token = json!({
        "iss": "https://agent.buildkite.com", "aud": "https://jeton.acme.dev", "jti": "0194b014",
        "sub": "organization:acme:pipeline:app:ref:refs/heads/main:commit:b5ff:step:deploy",
        "iat": 1_800_000_000, "nbf": 1_800_000_000, "exp": 1_800_000_300,
        "organization_slug": "acme", "pipeline_slug": "app", "build_number": 5, "build_branch": "main",
        "build_tag": null, "build_commit": "b5ff", "step_key": "deploy", "job_id": "0194",
        "agent_id": "0195", "build_source": "ui", "runner_environment": "buildkite-hosted",
        "organization_id": "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21", "pipeline_id": "5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11", "cluster_id": "0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33",
    });
    let arguments = "buildkite --organization-id 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21 \
         --pipeline-id 5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11 --branch main \
         --cluster-id 0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33";
    let rule = Rule::matching(arguments, "https://agent.buildkite.com", token);
    rule.counts_once(SingleUse::On);
    rule.also(json!({ "pipeline_slug": "renamed", "build_commit": "aaaa" }))
        .not(json!({ "pipeline_id": "p2" }))
        .not(json!({ "organization_id": "o2" }))
        .not(json!({ "cluster_id": "c2" }))
        .not(json!({ "build_branch": "feature" }))
        .not(json!({ "pipeline_id": null, "organization_id": null }));
}

#[test]
fn terraform() {
    let token = json!({
        "jti": "1192426d", "iss": "https://app.terraform.io", "aud": "https://jeton.acme.dev",
        "iat": 1_800_000_000, "nbf": 1_800_000_000, "exp": 1_800_007_200,
        "sub": "organization:acme:project:default:workspace:production:run_phase:apply",
        "terraform_organization_id": "org-GRNbCjYNpBB6NEH9", "terraform_organization_name": "acme",
        "terraform_project_id": "prj-vegSA59s1XPwMr2t", "terraform_project_name": "default",
        "terraform_workspace_id": "ws-mbsd5E3Ktt5Rg2Xm", "terraform_workspace_name": "production",
        "terraform_full_workspace": "organization:acme:project:default:workspace:production",
        "terraform_run_id": "run-X3n1AUXNGWbfECsJ", "terraform_run_phase": "apply",
    });
    let arguments = "terraform --organization-id org-GRNbCjYNpBB6NEH9 \
                     --workspace-id ws-mbsd5E3Ktt5Rg2Xm --phase apply";
    let rule = Rule::matching(arguments, "https://app.terraform.io", token);
    rule.counts_once(SingleUse::On);
    rule.also(json!({ "terraform_workspace_name": "renamed" }))
        .not(json!({ "terraform_run_phase": "plan" }))
        // Deleted and made anew; a stranger's of the same name.
        .not(json!({ "terraform_workspace_id": "ws-new" }))
        .not(json!({ "terraform_organization_id": "org-stranger" }));
}

#[test]
fn bitbucket() {
    let issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
    let token = json!({
        "iss": issuer, "aud": "ari:cloud:bitbucket::workspace/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21", "iat": 1_800_000_000,
        "exp": 1_800_003_600, "sub": "{5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11}:{0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33}:{759d}", "workspaceUuid": "{8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21}",
        "repositoryUuid": "{5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11}", "deploymentEnvironmentUuid": "{0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33}", "stepUuid": "{759d}",
        "pipelineUuid": "{5555}", "branchName": "main",
    });
    let ids = "bitbucket --workspace acme --workspace-uuid {8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21} --repository-uuid 5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11";
    let rule = Rule::matching(
        &format!("{ids} --environment-uuid {{0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33}}"),
        issuer,
        token.clone(),
    );
    rule.counts_once(SingleUse::Off);
    let audience = rule.trusted.rules[0].audience.as_deref();
    assert_eq!(
        audience,
        Some("ari:cloud:bitbucket::workspace/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21")
    );
    let accepted = &rule.trusted.rules[0].accepted_dangers;
    assert_eq!(*accepted, [Danger::DefaultAudience]);
    rule.also(json!({ "stepUuid": "{1111}", "sub": "{5f1c7a52-6d3b-4a57-8f0a-2b9d0c6e4a11}:{0c9f8d0e-3c86-4b0a-9a5f-7d1b1a2e6f33}:{1111}", "branchName": "x" }))
        .not(json!({ "repositoryUuid": "{9999}" }))
        .not(json!({ "deploymentEnvironmentUuid": "{9999}" }))
        .not(json!({ "deploymentEnvironmentUuid": null }))
        .not(json!({ "workspaceUuid": "{9999}" }));
    Rule::matching(&format!("{ids} --branch main"), issuer, token)
        .not(json!({ "branchName": "feature" }));
}

#[test]
fn any_other_issuer() {
    let token = json!({ "sub": "job", "aud": "https://jeton.acme.dev", "team": "a=b", "exp": 1 });
    let arguments = "oidc --issuer https://ci.example --condition sub=job --condition team=a=b";
    Rule::matching(arguments, "https://ci.example", token)
        .not(json!({ "sub": "jobs" }))
        .not(json!({ "team": null }));
}

#[test]
fn a_rule_may_be_narrower_and_accept_a_danger() {
    let trusted = written(
        "github --repository-id 1 --owner-id 2 --name all --audience https://a.example --scope read --accept any_ref",
    );
    let rule = &trusted.unwrap().rules[0];
    assert_eq!(rule.name, "all");
    assert_eq!(rule.audience.as_deref(), Some("https://a.example"));
    assert_eq!(
        rule.scope.as_ref().map(ToString::to_string).as_deref(),
        Some("read")
    );
    assert_eq!(rule.accepted_dangers, [Danger::AnyRef]);
}

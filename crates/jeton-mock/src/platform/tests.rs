use serde_json::json;

use super::*;

fn checked(description: Value) -> Result<PlatformSpec, String> {
    let platform: PlatformSpec =
        serde_json::from_value(description).map_err(|error| error.to_string())?;
    platform.check().map_err(|error| error.to_string())?;
    Ok(platform)
}

#[test]
fn examples_are_what_a_platform_could_have() {
    for kind in Kind::ALL {
        let example = PlatformSpec::example(kind.issuer_name()).unwrap();
        assert_eq!(example.kind(), kind);
        example.check().unwrap();
        let again: PlatformSpec = serde_json::from_value(json!(example)).unwrap();
        assert_eq!(again, example);
    }
    assert_eq!(PlatformSpec::example("acme"), None);
}

#[test]
fn what_no_platform_could_have_is_refused() {
    for (description, message) in [
        (
            json!({ "circleci": {} }),
            "unknown variant `circleci`, expected one of `github_actions`",
        ),
        (
            json!({ "github_actions": { "repo": "acme/shop" } }),
            "unknown field `repo`, expected one of `issuer`, `repository`",
        ),
        (
            json!({ "github_actions": { "ref": "refs/heads/v1", "ref_type": "tag" } }),
            "github_actions.ref_type: expected \"branch\", because ref is \"refs/heads/v1\"",
        ),
        (
            json!({ "github_actions": { "ref": "main" } }),
            "github_actions.ref: expected refs/heads/BRANCH, refs/tags/TAG or refs/pull/NUMBER/merge",
        ),
        (
            json!({ "github_actions": { "event_name": "pull_request", "ref": "refs/heads/main" } }),
            "github_actions.ref: expected refs/pull/NUMBER/merge, because event_name is \"pull_request\"",
        ),
        (
            json!({ "github_actions": { "ref": "refs/pull/1/merge" } }),
            "github_actions.ref: expected refs/heads/BRANCH or refs/tags/TAG, because event_name is \"push\"",
        ),
        (
            json!({ "github_actions": { "head_ref": "feature" } }),
            "github_actions.head_ref: expected nothing, because event_name is \"push\"",
        ),
        (
            json!({ "github_actions": { "repository": "shop" } }),
            "github_actions.repository: expected OWNER/NAME",
        ),
        (
            json!({ "github_actions": { "repository_id": "shop" } }),
            "github_actions.repository_id: expected an id of digits, as a text",
        ),
        (
            json!({ "github_actions": { "job_workflow_ref": "acme/shop/deploy.yml@main" } }),
            "github_actions.job_workflow_ref: expected OWNER/NAME/.github/workflows/FILE.yml@REF",
        ),
        (
            json!({ "gitlab": { "ref": "refs/heads/main" } }),
            "gitlab.ref: expected the name of a branch or tag, without refs/heads/",
        ),
        (
            json!({ "gitlab": { "deployment_tier": "production" } }),
            "gitlab.deployment_tier: expected nothing, because the job has no environment",
        ),
        (
            json!({ "gitlab": { "id_tokens": { "1ST": { "aud": "a" } } } }),
            "gitlab.id_tokens.1ST: expected the name of a variable",
        ),
        (
            json!({ "kubernetes": { "namespace": "Prod" } }),
            "kubernetes.namespace: expected a DNS name",
        ),
        (
            json!({ "kubernetes": { "expiration_seconds": 60 } }),
            "kubernetes.expiration_seconds: expected 600 to",
        ),
        (
            json!({ "aws": { "role": "arn:aws:iam::123456789012:role/deployer" } }),
            "aws.role: expected the name of a role",
        ),
        (
            json!({ "aws": { "account": "1" } }),
            "aws.account: expected 12 digits, as a text",
        ),
        (
            json!({ "spiffe": { "trust_domain": "spiffe://example.org" } }),
            "spiffe.trust_domain: expected a trust domain",
        ),
        (
            json!({ "spiffe": { "path": "/ns//sa" } }),
            "spiffe.path: expected a path such as",
        ),
        (
            json!({ "gcp": { "service_account": "alice@example.com" } }),
            "gcp.service_account: expected the email of a service account",
        ),
        (
            json!({ "azure": { "tenant_id": "acme" } }),
            "azure.tenant_id: expected a UUID",
        ),
        (
            json!({ "azure": { "access_token_version": 3 } }),
            "azure.access_token_version: expected 1 or 2",
        ),
    ] {
        let refused = checked(description.clone()).unwrap_err();
        assert!(refused.starts_with(message), "{description}: {refused}");
    }
}

#[test]
fn what_a_platform_could_have_is_taken() {
    for description in [
        json!({ "github_actions": { "ref": "refs/tags/v1", "ref_type": "tag", "event_name": "release" } }),
        json!({ "github_actions": { "event_name": "pull_request", "head_ref": "a/b", "base_ref": "main" } }),
        json!({ "github_actions": { "event_name": "pull_request_target", "base_ref": "main" } }),
        json!({ "github_actions": { "environment": "production: eu" } }),
        json!({ "github_actions": {
            "workflow_ref": "acme/shop/.github/workflows/on push.yml@refs/heads/main",
            "job_workflow_ref": "acme/ci/.github/workflows/deploy.yaml@refs/tags/v2",
        } }),
        json!({ "gitlab": { "project_path": "a/b/c", "environment": "e", "deployment_tier": "other" } }),
        json!({ "gitlab": { "id_tokens": { "A": { "aud": ["a", "b"] } } } }),
        json!({ "aws": { "role": "ci/deployer", "principal_tags": { "team": "shop" } } }),
        json!({ "azure": { "federated_credential": { "issuer": "https://i.example", "subject": "s" } } }),
    ] {
        checked(description.clone()).unwrap_or_else(|error| panic!("{description}: {error}"));
    }
}

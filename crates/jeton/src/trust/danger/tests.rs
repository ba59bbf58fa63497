use serde_json::{Value, json};

use super::*;
use crate::trust::{InvalidRule, InvalidTrust, TrustRecord, TrustedIssuer};

mod repositories;

const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The dangers of a rule with `conditions`, an object of claims and what they equal, or
/// `{"prefix": …}` and its like.
fn found(issuer: &str, audience: Option<&str>, conditions: &Value) -> Vec<&'static str> {
    let document = document(issuer, audience, conditions, &Danger::ALL.map(Danger::name));
    let rule = &parse(&document).unwrap().rules[0];
    let found = dangers(issuer, rule.audience.as_deref(), &rule.conditions);
    found.into_iter().map(Danger::name).collect()
}

fn document(issuer: &str, audience: Option<&str>, conditions: &Value, accepted: &[&str]) -> Value {
    let conditions = conditions.as_object().unwrap().iter();
    let conditions = conditions.map(|(claim, test)| {
        let claim: Vec<_> = claim.split(" › ").collect();
        let mut condition = json!({ "claim": claim });
        match test {
            Value::Object(test) => condition.as_object_mut().unwrap().extend(test.clone()),
            value => condition["equals"] = value.clone(),
        }
        condition
    });
    let conditions: Vec<_> = conditions.collect();
    let mut rule = json!({
        "name": "r", "client_id": "c", "conditions": conditions, "accepted_dangers": accepted,
    });
    if let Some(audience) = audience {
        rule["audience"] = audience.into();
    }
    let mut document = json!({ "issuer": issuer, "rules": [rule] });
    if !issuer.starts_with("https://") {
        document["jwks_uri"] = "https://keys.example/".into();
    }
    document
}

fn parse(document: &Value) -> Result<TrustedIssuer, InvalidTrust> {
    serde_json::from_value::<TrustRecord>(document.clone())
        .unwrap()
        .parse()
}

fn check(issuer: &str, conditions: Value, expected: &[&str]) {
    assert_eq!(found(issuer, None, &conditions), expected, "{conditions}");
}

#[test]
fn clusters_and_trust_domains_say_which_workload() {
    let cluster = "https://oidc.eks.eu-west-1.amazonaws.com/id/A";
    check(
        cluster,
        json!({ "sub": "system:serviceaccount:ci:deploy" }),
        &[],
    );
    check(
        cluster,
        json!({ "kubernetes.io › namespace": "ci", "kubernetes.io › serviceaccount › name": "deploy" }),
        &[],
    );
    for conditions in [
        json!({ "sub": { "prefix": "system:serviceaccount:ci:" } }),
        json!({ "kubernetes.io › namespace": "ci" }),
        json!({ "kubernetes.io › serviceaccount › name": "deploy" }),
        json!({ "kubernetes.io › pod › name": "deploy" }),
    ] {
        check(cluster, conditions, &["every_workload"]);
    }
    check(
        cluster,
        json!({ "sub": { "prefix": "system:serviceaccount:" } }),
        &["every_workload"],
    );
    check(
        "https://kubernetes.example",
        json!({ "sub": { "prefix": "system:serviceaccount:" } }),
        &["every_workload"],
    );
    check(
        cluster,
        json!({ "kubernetes.io › serviceaccount › uid": "u" }),
        &[],
    );
    let domain = "spiffe://acme.example";
    check(
        domain,
        json!({ "sub": "spiffe://acme.example/ci/deploy" }),
        &[],
    );
    check(
        domain,
        json!({ "sub": { "prefix": "spiffe://acme.example/ci/" } }),
        &[],
    );
    check(
        domain,
        json!({ "sub": { "prefix": "spiffe://acme.example/" } }),
        &["every_workload"],
    );
}

#[test]
fn clouds_say_which_identity_and_not_by_its_name() {
    let aws = "https://0a1b.tokens.sts.global.api.aws";
    check(aws, json!({ "sub": "arn:aws:iam::1:role/deploy" }), &[]);
    check(
        aws,
        json!({ "sub": { "prefix": "arn:aws:iam::1:role/ci/" } }),
        &[],
    );
    for prefix in ["arn:aws:iam::1:role/", "arn:aws:iam::1:"] {
        check(
            aws,
            json!({ "sub": { "prefix": prefix } }),
            &["every_workload"],
        );
    }
    let google = "https://accounts.google.com";
    check(google, json!({ "sub": "1" }), &[]);
    check(google, json!({ "sub": "1", "email": "a@b.example" }), &[]);
    check(
        google,
        json!({ "email": "a@b.example" }),
        &["recyclable_names"],
    );
    check(
        google,
        json!({ "hd": "b.example" }),
        &["every_workload", "recyclable_names"],
    );
    check(
        google,
        json!({ "email_verified": true }),
        &["shared_issuer"],
    );
    let firebase = "https://securetoken.google.com/p";
    check(firebase, json!({ "sub": "1" }), &[]);
    for conditions in [
        json!({ "firebase › sign_in_provider": "anonymous" }),
        json!({ "provider_id": "anonymous" }),
        json!({ "email": "a@b.example" }),
    ] {
        check(firebase, conditions, &["shared_issuer"]);
    }
    let azure = "https://login.microsoftonline.com/t/v2.0";
    check(azure, json!({ "tid": "t", "oid": "o" }), &[]);
    check(azure, json!({ "azp": "a", "idtyp": "app" }), &[]);
    check(azure, json!({ "azp": "a" }), &["people"]);
    check(
        azure,
        json!({ "tid": "t", "idtyp": "app" }),
        &["every_workload"],
    );
    check(
        "https://sts.windows.net/t/",
        json!({ "tid": "t" }),
        &["every_workload", "people"],
    );
    check(
        azure,
        json!({ "upn": "a@b", "idtyp": "app" }),
        &["recyclable_names"],
    );
}

#[test]
fn pipelines_say_which_by_ids() {
    let circleci = "https://oidc.circleci.com/org/o";
    let project = "oidc.circleci.com/project-id";
    let (no_ssh, vcs_ref) = ("oidc.circleci.com/ssh-rerun", "oidc.circleci.com/vcs-ref");
    let origin = "oidc.circleci.com/vcs-origin";
    check(
        circleci,
        json!({ project: "p", no_ssh: false, vcs_ref: "refs/heads/main", origin: "github.com/o/r" }),
        &[],
    );
    // Another repository has such a branch too.
    check(
        circleci,
        json!({ project: "p", no_ssh: false, vcs_ref: "refs/heads/main" }),
        &["any_ref"],
    );
    check(
        circleci,
        json!({ project: "p", no_ssh: false, vcs_ref: "refs/pull/1/head", origin: "github.com/o/r" }),
        &["unreviewed_code"],
    );
    check(
        circleci,
        json!({ project: "p", no_ssh: false, "oidc.circleci.com/context-ids": { "contains": "c" } }),
        &[],
    );
    check(
        circleci,
        json!({ "sub": "org/o/project/p/user/u", no_ssh: false }),
        &[],
    );
    check(
        circleci,
        json!({ "sub": "org/o/project/p/user/u/vcs-origin/github.com/o/r/vcs-ref/refs/heads/main", no_ssh: true }),
        &["ssh_reruns"],
    );
    check(
        circleci,
        json!({ "sub": { "prefix": "org/o/project/p/" }, vcs_ref: "refs/heads/main", origin: "github.com/o/r" }),
        &["ssh_reruns"],
    );
    check(
        circleci,
        json!({ "sub": { "prefix": "org/o/" }, no_ssh: false }),
        &["every_workload", "any_ref"],
    );
    let buildkite = "https://agent.buildkite.com";
    check(
        buildkite,
        json!({ "pipeline_id": "p", "build_branch": "main" }),
        &[],
    );
    check(
        buildkite,
        json!({ "sub": { "prefix": "organization:o:pipeline:p:ref:refs/heads/main:" } }),
        &["recyclable_names"],
    );
    check(
        buildkite,
        json!({ "organization_id": "o", "build_branch": "main" }),
        &["every_workload"],
    );
    check(
        buildkite,
        json!({ "build_branch": "main" }),
        &["shared_issuer"],
    );
    for vercel in ["https://oidc.vercel.com", "https://oidc.vercel.com/acme"] {
        check(
            vercel,
            json!({ "project_id": "p", "environment": "production" }),
            &[],
        );
        check(
            vercel,
            json!({ "sub": "owner:acme:project:app:environment:production" }),
            &["recyclable_names"],
        );
        check(
            vercel,
            json!({ "environment": "production" }),
            &["shared_issuer"],
        );
        check(
            vercel,
            json!({ "owner_id": "o", "environment": "production" }),
            &["every_workload"],
        );
        check(
            vercel,
            json!({ "project_id": "p", "environment": "preview" }),
            &["any_ref"],
        );
    }
    let terraform = "https://app.terraform.io";
    let id = "terraform_workspace_id";
    check(
        terraform,
        json!({ id: "ws-1", "terraform_run_phase": "apply" }),
        &[],
    );
    check(terraform, json!({ id: "ws-1" }), &["every_phase"]);
    check(
        terraform,
        json!({ id: "ws-1", "terraform_run_phase": { "one_of": ["plan", "apply"] } }),
        &["every_phase"],
    );
    check(
        terraform,
        json!({ "terraform_workspace_name": "production", "terraform_run_phase": "apply" }),
        &["shared_issuer"],
    );
    check(
        terraform,
        json!({ "sub": "organization:o:project:p:workspace:w:run_phase:apply" }),
        &["recyclable_names"],
    );
    check(
        terraform,
        json!({ "sub": { "prefix": "organization:o:project:p:workspace:w:run_phase:" }, "terraform_organization_id": "org-1" }),
        &["every_phase"],
    );
    let bitbucket = "https://api.bitbucket.org/2.0/workspaces/w/pipelines-config/identity/oidc";
    check(
        bitbucket,
        json!({ "repositoryUuid": "{r}", "branchName": "main" }),
        &[],
    );
    check(bitbucket, json!({ "sub": { "prefix": "{r}:{e}:" } }), &[]);
    check(
        bitbucket,
        json!({ "sub": { "prefix": "{r}:" } }),
        &["any_ref"],
    );
    check(
        bitbucket,
        json!({ "workspaceUuid": "{w}", "branchName": "main" }),
        &["every_workload"],
    );
}

#[test]
fn an_unknown_issuer_names_by_more_than_what_people_are_called() {
    let issuer = "https://id.example";
    check(issuer, json!({ "sub": "a" }), &[]);
    check(issuer, json!({ "groups": { "contains": "ci" } }), &[]);
    check(
        issuer,
        json!({ "email": "a@b", "preferred_username": "a" }),
        &["recyclable_names"],
    );
    check(
        issuer,
        json!({ "email": "a@b", "groups": { "contains": "ci" } }),
        &[],
    );
    check(
        issuer,
        json!({ "email": "a@b", "email_verified": true, "iss": issuer }),
        &["recyclable_names"],
    );
    for conditions in [
        json!({ "iss": issuer }),
        json!({ "aud": { "contains": "x" }, "iss": issuer }),
        json!({ "gty": "client-credentials" }),
        json!({ "token_use": "access" }),
        json!({ "email_verified": true }),
        json!({ "idtyp": "app" }),
        json!({ "scope": "openid" }),
        json!({ "environment": "production" }),
        json!({ "ref": "main" }),
    ] {
        check(issuer, conditions, &["every_workload"]);
    }
    check(
        issuer,
        json!({ "gty": "client-credentials", "azp": "job" }),
        &[],
    );
    // One of that name inside of another is a claim of its own.
    check(issuer, json!({ "job › environment": "production" }), &[]);
}

#[test]
fn an_audience_is_our_own() {
    let check = |issuer, audience: Option<&str>, expected: &[&str]| {
        let found = found(
            issuer,
            audience,
            &json!({ "sub": "spiffe://a/b", "x": "y" }),
        );
        let found: Vec<_> = found
            .into_iter()
            .filter(|name| *name == "default_audience")
            .collect();
        assert_eq!(found, expected, "{issuer} {audience:?}");
    };
    check(GITHUB, None, &[]);
    check(GITHUB, Some("https://jeton.example"), &[]);
    for audience in [
        "https://github.com/acme",
        "sts.amazonaws.com",
        "aws.workload.identity",
        "api://AzureADTokenExchange",
        "https://kubernetes.default.svc.cluster.local",
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p",
        "ari:cloud:bitbucket::workspace/8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21",
        "https://vercel.com/acme",
        GITHUB,
    ] {
        check(GITHUB, Some(audience), &["default_audience"]);
    }
    let circleci = "https://oidc.circleci.com/org/1a2b";
    check(circleci, Some("1a2b"), &["default_audience"]);
    check(circleci, Some("2b"), &[]);
}

#[test]
fn a_rule_is_refused_with_what_it_does_not_accept() {
    let conditions = json!({ "repository": "o/r", "ref": "refs/heads/main" });
    let refused = |accepted: &[&str]| {
        let parsed = parse(&document(GITHUB, None, &conditions, accepted));
        parsed.map(|trusted| trusted.rules[0].accepted_dangers.clone())
    };
    let why = |dangers: &[Danger]| {
        Err(InvalidTrust::Rule {
            name: "r".to_owned(),
            why: InvalidRule::Dangers(dangers.to_vec()),
        })
    };
    let both = [Danger::RecyclableNames, Danger::PrivilegedEvents];
    assert_eq!(refused(&[]), why(&both));
    assert_eq!(refused(&["any_ref"]), why(&both));
    assert_eq!(refused(&["recyclable_names"]), why(&both[1..]));
    let names = both.map(Danger::name);
    assert_eq!(refused(&names), Ok(both.to_vec()));
    let error = refused(&[]).unwrap_err().to_string();
    for danger in both {
        assert!(error.contains(danger.reason()), "{error}");
    }
    let unknown = InvalidRule::UnknownDanger("anything".to_owned());
    let error = refused(&["anything"]).unwrap_err();
    assert!(error.to_string().contains(&unknown.to_string()), "{error}");
}

#[test]
fn each_danger_has_its_own_name() {
    for danger in Danger::ALL {
        assert_eq!(Danger::named(danger.name()), Some(danger));
    }
}

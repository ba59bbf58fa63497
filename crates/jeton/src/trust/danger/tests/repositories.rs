//! Rules about GitHub and GitLab, whose tokens are of repositories.

use super::*;

#[test]
fn github_says_which_repository_which_event_and_which_ref() {
    let check = |conditions, expected: &[&str]| check(GITHUB, conditions, expected);
    let good = json!({ "repository_id": "1", "event_name": "push", "ref": "refs/heads/main" });
    check(good, &[]);
    check(
        json!({ "repository": "o/r", "repository_owner_id": "1", "event_name": "push", "environment": "e" }),
        &[],
    );
    check(
        json!({ "repository": "o/r", "event_name": "push", "environment": "e" }),
        &["recyclable_names"],
    );
    check(
        json!({ "repository_owner": "o", "event_name": "push", "ref": "refs/heads/main" }),
        &["every_workload", "recyclable_names"],
    );
    check(
        json!({ "repository": { "prefix": "o/" }, "event_name": "push", "ref": "refs/heads/main" }),
        &["every_workload", "recyclable_names"],
    );
    check(
        json!({ "repository_owner_id": "1", "event_name": "push", "ref": "refs/heads/main" }),
        &["every_workload"],
    );
    for claim in [
        "actor",
        "workflow",
        "ref",
        "head_ref",
        "environment",
        "job_workflow_ref",
        "ref_protected",
    ] {
        let found = found(GITHUB, None, &json!({ claim: "x", "event_name": "push" }));
        assert_eq!(found[0], "shared_issuer", "{claim}");
    }
    check(
        json!({ "repository_id": "1", "ref": "refs/heads/main" }),
        &["privileged_events"],
    );
    for event in ["pull_request_target", "workflow_run"] {
        let conditions = json!({
            "repository_id": "1", "ref": "refs/heads/main",
            "event_name": { "one_of": ["push", event] },
        });
        check(conditions, &["privileged_events"]);
    }
    check(
        json!({ "repository_id": "1", "ref": "refs/heads/main", "event_name": { "prefix": "push/" } }),
        &["privileged_events"],
    );
    check(
        json!({ "repository_id": "1", "ref": "refs/heads/main", "event_name": { "one_of": ["push", "pull_request"] } }),
        &["unreviewed_code"],
    );
    check(
        json!({ "repository_id": "1", "event_name": "push" }),
        &["any_ref"],
    );
    for prefix in ["refs/", "refs/heads/", "refs/tags/"] {
        check(
            json!({ "repository_id": "1", "event_name": "push", "ref": { "prefix": prefix } }),
            &["any_ref"],
        );
    }
    check(
        json!({ "repository_id": "1", "event_name": "push", "ref": { "prefix": "refs/heads/release/" } }),
        &[],
    );
}

/// A rule for one repository, with this event and this condition on what runs.
fn of_repository(event: &str, claim: &str, test: Value) -> Value {
    json!({ "repository_id": "1", "event_name": event, claim: test })
}

#[test]
fn only_events_of_who_may_write_are_unprivileged() {
    for (event, expected) in [
        ("push", &[][..]),
        ("workflow_dispatch", &[]),
        ("repository_dispatch", &[]),
        ("schedule", &[]),
        ("release", &[]),
        ("deployment", &[]),
        ("create", &[]),
        ("merge_group", &[]),
        ("pull_request", &["unreviewed_code"]),
        (
            "pull_request_review",
            &["privileged_events", "unreviewed_code"],
        ),
        (
            "pull_request_review_comment",
            &["privileged_events", "unreviewed_code"],
        ),
        ("issue_comment", &["privileged_events"]),
        ("issues", &["privileged_events"]),
        ("discussion", &["privileged_events"]),
        ("discussion_comment", &["privileged_events"]),
        ("fork", &["privileged_events"]),
        ("watch", &["privileged_events"]),
        ("gollum", &["privileged_events"]),
        ("label", &["privileged_events"]),
        ("milestone", &["privileged_events"]),
        ("status", &["privileged_events"]),
        ("check_run", &["privileged_events"]),
        ("one_of_tomorrow", &["privileged_events"]),
        ("Push", &["privileged_events"]),
    ] {
        let conditions = of_repository(event, "ref", json!("refs/heads/main"));
        check(GITHUB, conditions, expected);
    }
}

#[test]
fn what_says_which_ref() {
    let check = |claim: &str, test: Value, expected: &[&str]| {
        check(GITHUB, of_repository("push", claim, test), expected);
    };
    check("ref_protected", json!("true"), &[]);
    check("ref_protected", json!("false"), &["any_ref"]);
    let either = json!({ "one_of": ["true", "false"] });
    check("ref_protected", either, &["any_ref"]);
    check("sha", json!("b5ffe3aeea51"), &[]);
    for claim in ["workflow_ref", "job_workflow_ref"] {
        let file = "acme/app/.github/workflows/deploy.yml";
        for (reference, expected) in [
            ("@refs/heads/main", &[][..]),
            ("@b5ffe3aeea51cec6c41aef16e45ee6bce47d8810", &[]),
            ("", &["any_ref"]),
            ("@", &["any_ref"]),
            ("@refs/pull/1/merge", &["unreviewed_code"]),
        ] {
            check(claim, json!(format!("{file}{reference}")), expected);
        }
        for (reference, expected) in [
            ("@refs/heads/release/", &[][..]),
            ("@refs/heads/", &["any_ref"]),
            ("@refs/tags/", &["any_ref"]),
            ("@refs/", &["any_ref"]),
            ("@refs/pull/", &["unreviewed_code"]),
        ] {
            let prefix = format!("{file}{reference}");
            check(claim, json!({ "prefix": prefix }), expected);
        }
        for prefix in ["acme/", "acme/app/", "acme/app/.github/workflows/"] {
            check(claim, json!({ "prefix": prefix }), &["any_ref"]);
        }
    }
    check("ref", json!("refs/pull/1/merge"), &["unreviewed_code"]);
    let prefix = |prefix: &str| json!({ "prefix": prefix });
    check("ref", prefix("refs/pull/"), &["unreviewed_code"]);
    let either = json!({ "one_of": ["refs/heads/main", "refs/pull/1/merge"] });
    check("ref", either, &["unreviewed_code"]);
}

#[test]
fn a_subject_of_github_says_what_its_parts_say() {
    let check = |sub: Value, expected: &[&str]| {
        check(
            GITHUB,
            json!({ "sub": sub, "event_name": "push" }),
            expected,
        );
    };
    check(json!("repo:o@1/r@2:ref:refs/heads/main"), &[]);
    check(json!("repo:o@1/r@2:environment:e"), &[]);
    check(json!("repo:o@1/r:environment:e"), &[]);
    check(json!("repo:o/r:ref:refs/heads/main"), &["recyclable_names"]);
    check(
        json!("repo:o@/r@x:ref:refs/heads/main"),
        &["recyclable_names"],
    );
    check(json!("repo:o@1/r@2"), &["any_ref"]);
    check(json!({ "prefix": "repo:o@1/r@2:" }), &["any_ref"]);
    check(
        json!({ "prefix": "repo:o@1/r@2:ref:refs/heads/" }),
        &["any_ref"],
    );
    check(
        json!({ "prefix": "repo:o@1/" }),
        &["every_workload", "any_ref"],
    );
    check(
        json!({ "prefix": "repo:o/" }),
        &["every_workload", "recyclable_names", "any_ref"],
    );
    check(json!({ "prefix": "repo:" }), &["shared_issuer", "any_ref"]);
    check(
        json!("environment:e:repository_owner:o"),
        &["every_workload", "recyclable_names"],
    );
    check(json!("repository_id:1:environment:e"), &[]);
    check(
        json!("job_workflow_ref:o/r/w.yml@refs/heads/main"),
        &["shared_issuer"],
    );
    // The loosest of several decides.
    check(
        json!({ "one_of": ["repo:o@1/r@2:environment:e", "repo:o@1/r@3:environment:e"] }),
        &[],
    );
    check(
        json!({ "one_of": ["repo:o@1/r@2:environment:e", "repo:o/r:environment:e"] }),
        &["recyclable_names"],
    );
    check(
        json!("repo:o@1/r@2:environment:a%3Ab"),
        &["encoded_subject"],
    );
}

#[test]
fn a_subject_of_github_names_its_event_only_for_pull_requests() {
    let check = |conditions, expected: &[&str]| check(GITHUB, conditions, expected);
    check(
        json!({ "sub": "repo:o@1/r@2:ref:refs/heads/main" }),
        &["privileged_events"],
    );
    check(
        json!({ "sub": "repo:o@1/r@2:pull_request" }),
        &["any_ref", "unreviewed_code"],
    );
    check(
        json!({ "sub": "repo:o@1/r@2:environment:pull_request" }),
        &["privileged_events"],
    );
    let conditions = json!({
        "sub": "repo:o@1/r@2:environment:a%3Ab", "environment": "a:b", "event_name": "push",
    });
    check(conditions, &[]);
}

#[test]
fn github_is_known_under_all_its_names() {
    for issuer in [
        GITHUB,
        "https://token.actions.githubusercontent.com/acme",
        "https://token.actions.acme.ghe.com",
        "https://github.acme.example/_services/token",
    ] {
        let conditions = json!({ "environment": "e", "event_name": "push" });
        check(issuer, conditions, &["shared_issuer"]);
    }
    // Elsewhere by what it compares.
    let conditions = json!({ "sub": "repo:o/r:environment:e" });
    check(
        "https://ci.example",
        conditions,
        &["recyclable_names", "privileged_events"],
    );
}

#[test]
fn gitlab_says_which_project_and_which_kind_of_ref() {
    const GITLAB: &str = "https://gitlab.com";
    let with = |claims: Value| {
        let mut conditions = json!({ "ref": "main", "ref_type": "branch" });
        let conditions_map = conditions.as_object_mut().unwrap();
        conditions_map.extend(claims.as_object().unwrap().clone());
        conditions
    };
    check(GITLAB, with(json!({ "project_id": "1" })), &[]);
    check(
        GITLAB,
        with(json!({ "project_path": "g/p", "namespace_id": "1" })),
        &[],
    );
    check(
        GITLAB,
        with(json!({ "project_path": "g/p" })),
        &["recyclable_names"],
    );
    check(
        GITLAB,
        with(json!({ "namespace_id": "1" })),
        &["every_workload"],
    );
    check(
        GITLAB,
        with(json!({ "namespace_path": "g" })),
        &["every_workload", "recyclable_names"],
    );
    check(
        GITLAB,
        with(json!({ "user_login": "u" })),
        &["shared_issuer"],
    );
    check(
        GITLAB,
        json!({ "project_id": "1", "ref": "main" }),
        &["untyped_ref"],
    );
    check(
        GITLAB,
        json!({ "project_id": "1", "ref_path": "refs/heads/main" }),
        &[],
    );
    check(
        GITLAB,
        json!({ "project_id": "1", "ref_protected": "true" }),
        &[],
    );
    check(GITLAB, json!({ "project_id": "1" }), &["any_ref"]);
    check(
        GITLAB,
        json!({ "project_id": "1", "ref_protected": "false" }),
        &["any_ref"],
    );
    check(
        GITLAB,
        json!({ "project_id": "1", "ref_path": "refs/merge-requests/1/head" }),
        &["unreviewed_code"],
    );
    check(
        GITLAB,
        json!({ "project_id": "1", "ci_config_ref_uri": { "prefix": "gitlab.com/g/p/" } }),
        &["any_ref"],
    );
    for claim in ["user_login", "ref_protected"] {
        let found = found("https://git.acme.example", None, &json!({ claim: "true" }));
        assert_eq!(found[0], "shared_issuer", "{claim}");
    }
    let sub = "project_id:1:ref_type:branch:ref:main";
    check(GITLAB, json!({ "sub": sub }), &[]);
    check(
        GITLAB,
        json!({ "sub": { "prefix": "project_id:1:ref_type:branch:ref:" } }),
        &["any_ref"],
    );
    // Another instance is known by its claims.
    let sub = "project_path:g/p:ref_type:branch:ref:main";
    check(
        "https://git.acme.example",
        json!({ "sub": sub }),
        &["recyclable_names"],
    );
}

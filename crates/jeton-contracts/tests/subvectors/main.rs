//! Trust rules beside PyPI's `subvectors`: conditions that people write for AWS, Azure and Google Cloud,
//! each with a token and with whether it is safe. What our rules can say of them is written as a rule,
//! and the rule is read and asked as by a server.
//!
//! None that is dangerous there lets its token in. Each other one that does not do here what it does
//! there stands in [`DIFFERENT`].

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use jeton::{InvalidRule, InvalidTrust, RuleRecord, TrustRecord};
use serde_json::{Map, Value, json};

mod said;

use said::{EXPRESSION, SET, Said, WILDCARD};

/// What becomes of a vector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The token meets the rule.
    Met,
    /// It does not.
    Unmet,
    /// No rule says this: the reason.
    Unsayable(&'static str),
    /// The rule is refused when it is written: the names of its dangers, or what is wrong with it.
    Refused(String),
}

/// Who makes the tokens of the vectors, by the name that they give them.
fn issuer(name: &str) -> &'static str {
    match name {
        "github" => "https://token.actions.githubusercontent.com",
        "gitlab" => "https://gitlab.com",
        "bitbucket" => {
            "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
        }
        "circleci" => "https://oidc.circleci.com/org/2a3b4c5d-1111-2222-3333-444455556666",
        "terraform-cloud" => "https://app.terraform.io",
        other => panic!("no such issuer: {other}"),
    }
}

fn outcome(vector: &Value) -> Outcome {
    let mut said = Said::default();
    if let Err(outcome) = said.say(&vector["condition"]) {
        return outcome;
    }
    let document = TrustRecord {
        issuer: issuer(vector["issuer"].as_str().unwrap()).to_owned(),
        rules: vec![RuleRecord {
            name: "vector".to_owned(),
            client_id: "client".to_owned(),
            conditions: said.conditions,
            audience: said.audience.clone(),
            ..RuleRecord::default()
        }],
        ..TrustRecord::default()
    };
    let trusted = match document.parse() {
        Ok(trusted) => trusted,
        Err(InvalidTrust::Rule { why, .. }) => return Outcome::Refused(reason(&why)),
        Err(error) => panic!("{}: {error}", vector["id"]),
    };
    let mut claims = Map::from_iter([("sub".to_owned(), vector["subject"].clone())]);
    claims.extend(vector["claims"].as_object().cloned().unwrap_or_default());
    let audience = said.audience.map(Value::String);
    if audience.is_some() && claims.get("aud") != audience.as_ref() {
        return Outcome::Unmet;
    }
    if trusted.rules[0]
        .conditions
        .iter()
        .all(|it| it.is_met(&claims))
    {
        Outcome::Met
    } else {
        Outcome::Unmet
    }
}

fn reason(why: &InvalidRule) -> String {
    match why {
        InvalidRule::Dangers(dangers) => {
            let names: Vec<_> = dangers.iter().map(|danger| danger.name()).collect();
            names.join(" ")
        }
        other => other.to_string(),
    }
}

fn vectors() -> Vec<Value> {
    let tools = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/python/lib");
    let python = fs::read_dir(tools).unwrap().next().unwrap().unwrap().path();
    let folder = python.join("site-packages/subvectors/vectors");
    let mut vectors = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let suite: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            vectors.extend(suite["vectors"].as_array().unwrap().clone());
        }
    }
    vectors
}

/// Vectors whose tokens are let in there, with conditions that are not called dangerous there, and that
/// no rule of ours lets in: what refuses the rule (see [`WHY`]), and which these are.
const DIFFERENT: &[(&str, &[&str])] = &[
    (EXPRESSION, &["gh-gcp-matches-tag-regex"]),
    (
        WILDCARD,
        &[
            "circleci-aws-vcs-ref-branch-pin-v2",
            "gh-aws-single-char-wildcard",
            "gh-flex-and-reusable-workflow-pin",
        ],
    ),
    (SET, &["gh-aws-forallvalues-environment-present-listed"]),
    (
        "any_ref",
        &[
            "gitlab-gcp-project-and-namespace-string-pin",
            "gl-flex-immutable-projectid-sub-any-branch",
        ],
    ),
    (
        "any_ref default_audience",
        &["bitbucket-aws-repo-uuid-repo-wide"],
    ),
    (
        "any_ref privileged_events",
        &[
            "gh-aws-repository-id-immutable-pin",
            "gh-gcp-immutable-id-pin-safe",
            "gh-gcp-immutable-id-survives-rename",
        ],
    ),
    (
        "any_ref ssh_reruns",
        &[
            "circleci-aws-immutable-sub-user-wildcard",
            "circleci-gcp-project-id-claim-pin",
            "circleci-gcp-repo-and-vcs-ref-branch-gate",
            "circleci-gcp-sub-startswith-repo-scope",
        ],
    ),
    (
        "any_ref ssh_reruns default_audience",
        &["circleci-aws-docs-projectid-aud-pin"],
    ),
    (
        "conditions: at least one",
        &["gh-aws-aud-pinned-official-action"],
    ),
    (
        "conditions[0]: prefix: it must end in / or :, the border of a segment",
        &[
            "gh-aws-branch-prefix-collision",
            "gh-aws-branch-wildcard-zero-width",
        ],
    ),
    ("default_audience", &["bitbucket-aws-docs-env-scoped-safe"]),
    (
        "every_phase",
        &["tfc-gcp-immutable-org-and-workspace-id-pin"],
    ),
    ("every_workload", &["gitlab-gcp-refprotected-string-guard"]),
    (
        "every_workload any_ref",
        &["gitlab-gcp-namespace-condition-baseline"],
    ),
    (
        "every_workload any_ref privileged_events",
        &["gh-gcp-in-list-multi-org"],
    ),
    (
        "every_workload every_phase",
        &["tfc-gcp-org-id-only-baseline"],
    ),
    (
        "privileged_events",
        &[
            "az-fic-immutable-exact-match",
            "gh-aws-all-repository-id-plus-sub",
            "gh-aws-immutable-exact-match",
            "gh-flex-eq-exact-with-repository-id",
        ],
    ),
    (
        "privileged_events default_audience",
        &["gh-aws-all-docs-github-tab-example"],
    ),
    (
        "recyclable_names",
        &[
            "gitlab-aws-all-refprotected-guard-match",
            "gitlab-aws-exact-branch-namebased-stringequals",
            "gitlab-aws-tag-ref-pinned-stringequals",
            "gitlab-az-fic-branch-exact-match",
            "gl-flex-eq-exact-branch",
            "tfc-aws-name-based-no-immutable-lever",
            "tfc-flex-eq-apply-exact",
            "tfc-flex-name-based-no-immutable-lever",
            "tfc-gcp-sub-name-based-condition",
        ],
    ),
    (
        "recyclable_names any_ref privileged_events",
        &[
            "gh-aws-ref-wildcard-spans-nested-branch",
            "gh-aws-repo-wide-wildcard-suffix",
            "gh-gcp-branch-prefix-startswith",
        ],
    ),
    (
        "recyclable_names default_audience",
        &["tfc-aws-docs-exact-apply-sub-aud"],
    ),
    (
        "recyclable_names privileged_events",
        &[
            "az-fic-environment-match",
            "az-fic-exact-branch-match",
            "az-fic-tag-ref-match",
            "gh-aws-custom-sub-combined-environment-jwr",
            "gh-aws-environment-subject-exact",
            "gh-aws-exact-branch-stringequals",
            "gh-aws-exact-branch-stringlike",
            "gh-aws-multivalue-two-repos-or",
            "gh-flex-eq-exact-branch",
            "gh-gcp-owner-repo-ref-safe",
        ],
    ),
    (
        "recyclable_names privileged_events default_audience",
        &[
            "gh-aws-all-documented-aud-sub-policy",
            "gh-aws-all-multivalue-inside-block",
        ],
    ),
    (
        "recyclable_names privileged_events encoded_subject",
        &["gh-aws-environment-colon-encoded-exact"],
    ),
    (
        "shared_issuer any_ref privileged_events",
        &["gh-aws-actor-id-pin-survives-rename"],
    ),
    (
        "shared_issuer privileged_events",
        &[
            "gh-aws-custom-sub-jwr-exact",
            "gh-aws-jwr-condition-key-sha-pin",
            "gh-aws-jwr-condition-key-tag-pin-mutable",
            "gh-aws-jwr-key-stays-name-based-under-immutable-sub",
        ],
    ),
    ("ssh_reruns", &["circleci-gcp-sub-exact-immutable-safe"]),
    (
        "ssh_reruns default_audience",
        &["circleci-aws-exact-sub-immutable-safe"],
    ),
];

/// Why our rules are stricter: what refuses one, and what it would let in.
const WHY: &[(&str, &str)] = &[
    (
        "recyclable_names",
        "graded for its scope; every token of the platform has an id beside the name",
    ),
    (
        "privileged_events",
        "pull_request_target runs with the same subject, so the event is asked for",
    ),
    (
        "any_ref",
        "graded as caution, or for its ids: whoever may push a branch is let in",
    ),
    (
        "every_workload",
        "graded as caution: every repository or project of the account is let in",
    ),
    (
        "shared_issuer",
        "graded for the one claim: everybody's repositories are let in",
    ),
    (
        "every_phase",
        "graded as caution: a plan of what nobody has reviewed is let in",
    ),
    (
        "ssh_reruns",
        "graded with the note that it cannot be told there; our conditions can",
    ),
    (
        "encoded_subject",
        "graded dangerous in another vector with the same condition and subject",
    ),
    (
        "default_audience",
        "right for AWS, whose audience it is, or the only one that Bitbucket has; others are sent such a token as well",
    ),
    (
        "conditions: at least one",
        "an audience alone says nothing of who has the token",
    ),
    (
        "the border of a segment",
        "a name that goes on is another name",
    ),
    (WILDCARD, "a wildcard within a value matches separators too"),
    (
        SET,
        "true of no value at all; our conditions fail where a claim is missing",
    ),
    (EXPRESSION, "what an expression matches is easily misread"),
];

#[test]
#[ignore = "needs PyPI's subvectors, which `cargo xtask tools` installs"]
fn nothing_dangerous_is_let_in() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 163);
    let graded = |vector: &&Value| vector["judgment"]["grade"] == "dangerous";
    let dangerous: Vec<_> = vectors.iter().filter(graded).collect();
    assert_eq!(dangerous.len(), 52);
    for vector in dangerous {
        assert_ne!(outcome(vector), Outcome::Met, "{}", vector["id"]);
    }
}

#[test]
#[ignore = "needs PyPI's subvectors, which `cargo xtask tools` installs"]
fn what_differs_otherwise_is_named() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for vector in vectors() {
        let id = vector["id"].as_str().unwrap().to_owned();
        let lets_in = vector["expect"] == "match";
        let outcome = outcome(&vector);
        assert!(lets_in || outcome != Outcome::Met, "{id}");
        let why = match outcome {
            _ if !lets_in || vector["judgment"]["grade"] == "dangerous" => continue,
            Outcome::Met => continue,
            Outcome::Unmet => panic!("{id}"),
            Outcome::Unsayable(why) => why.to_owned(),
            Outcome::Refused(why) => why,
        };
        found.entry(why).or_default().push(id);
    }
    let mut expected = BTreeMap::new();
    for (why, ids) in DIFFERENT {
        let ids = ids.iter().map(|id| (*id).to_owned());
        expected.insert((*why).to_owned(), Vec::from_iter(ids));
        let is_explained = |what: &str| WHY.iter().any(|(reason, _)| what.ends_with(reason));
        let words = || why.split(' ').all(is_explained);
        assert!(is_explained(why) || words(), "{why}");
    }
    found.values_mut().for_each(|ids| ids.sort());
    assert_eq!(found, expected);
}

#[test]
#[ignore = "needs PyPI's subvectors, which `cargo xtask tools` installs"]
fn what_is_safe_is_let_in_once_it_names_its_event() {
    let mut let_in = 0;
    for mut vector in vectors() {
        let safe = vector["judgment"]["grade"] == "safe" && vector["expect"] == "match";
        if !safe || outcome(&vector) != Outcome::Refused("privileged_events".to_owned()) {
            continue;
        }
        let event =
            json!({ "consumer": "aws-stringequals", "claim": "event_name", "pattern": "push" });
        let mut all = match vector["condition"]["of"].as_array() {
            Some(all) => all.clone(),
            None => vec![vector["condition"].clone()],
        };
        all.push(event);
        vector["condition"] = json!({ "consumer": "aws-all", "of": all });
        vector["claims"]["event_name"] = "push".into();
        assert_eq!(outcome(&vector), Outcome::Met, "{}", vector["id"]);
        let_in += 1;
    }
    assert_eq!(let_in, 4);
}

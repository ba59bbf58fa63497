//! What is said of a command that is not understood, and of a rule that is written.

use super::*;

#[test]
fn what_is_missing_is_said_and_where_it_is_found() {
    let check = |arguments: &str, expected: &str| {
        let error = written(arguments).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{arguments}: {error}");
    };
    check("github --owner-id 1", "--repository-id NUMBER");
    check(
        "github --repository octo/app",
        "gh api repos/octo/app --jq '.id,.owner.id'",
    );
    check(
        "github --repository-id 1 --owner-id 2",
        "--environment, --ref or --workflow, or --accept any_ref",
    );
    check(
        "github --repository-id 1 --owner-id 2 --ref refs/heads/main --event workflow_run",
        "privileged_events: ",
    );
    check("gitlab --project-id 1", "--accept any_ref");
    check(
        "github --repository-id 1 --owner-id 2 --ref refs/heads/main --audience https://github.com/octo",
        "default_audience: ",
    );
    check(
        "kubernetes --namespace ci --service-account a",
        "kubectl get --raw",
    );
    check(
        "aws --role arn:aws:iam::123456789012:role/a",
        "aws iam get-outbound-web-identity-federation-info",
    );
    check(
        "terraform --organization-id org-1 --workspace-id ws-1",
        "--phase PHASE",
    );
    check("spiffe --trust-domain acme.example --path /ci", "bundle");
    check(
        "oidc --issuer https://ci.example --condition sub",
        "expected CLAIM=TEXT",
    );
    check("oidc --issuer https://ci.example", "--condition CLAIM=TEXT");
    check(
        "oidc --issuer https://ci.example --condition email=a@b",
        "recyclable_names: ",
    );
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let check = |arguments: &str, missing: &[&str]| {
        let error = written(arguments).map(|_| ()).unwrap_err().to_string();
        let lines = error.lines().skip(1);
        let found: Vec<_> = lines.map(|line| line.trim_start()).collect();
        assert_eq!(found.len(), missing.len(), "{error}");
        for (found, missing) in found.iter().zip(missing) {
            assert!(found.starts_with(missing), "{found} is not {missing}");
        }
    };
    check(
        "kubernetes",
        &["--namespace ", "--service-account ", "--issuer URL"],
    );
    check("aws", &["--role ARN", "--issuer URL"]);
    check(
        "azure",
        &[
            "--tenant-id UUID",
            "--object-id UUID",
            "--audience AUDIENCE",
        ],
    );
    check("oidc", &["--condition ", "--issuer URL"]);
    let without_client = written_for(&["gcp"]).map(|_| ()).unwrap_err().to_string();
    assert!(
        without_client.contains("--service-account-id"),
        "{without_client}"
    );
    assert!(
        without_client.contains("--client CLIENT_ID"),
        "{without_client}"
    );
    check("spiffe", &["--trust-domain DOMAIN", "--path or --prefix"]);
    check(
        "spiffe --trust-domain acme.example --jwks -",
        &["--path or --prefix"],
    );
    check(
        "buildkite --accept any_ref",
        &["--organization-id UUID", "--pipeline-id UUID"],
    );
    check(
        "bitbucket --workspace acme --workspace-uuid 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21",
        &[
            "--repository-uuid ",
            "--environment-uuid or --branch, or --accept any_ref",
        ],
    );
}

#[test]
fn a_value_of_another_form_is_refused_with_an_example() {
    for (arguments, flag, expected) in [
        (
            "github --repository-id acme/shop",
            "--repository-id <NUMBER>",
            "as 1296269",
        ),
        ("github --ref main", "--ref <REF>", "refs/heads/main"),
        (
            "github --workflow deploy.yml@main",
            "--workflow <PATH@REF>",
            ".github/workflows/",
        ),
        (
            "gitlab --project-id a/b",
            "--project-id <NUMBER>",
            "as 1296269",
        ),
        ("gitlab --ref refs/heads/main", "--ref <BRANCH>", "as main"),
        ("azure --tenant-id x", "--tenant-id <UUID>", "as 8d3f0d3e"),
        (
            "aws --role arn:aws:sts::123456789012:assumed-role/a/b",
            "--role <ARN>",
            "as arn:aws:iam::123456789012:role/deployer",
        ),
        (
            "terraform --workspace-id production",
            "--workspace-id <WS-ID>",
            "as ws-",
        ),
        (
            "buildkite --pipeline-id app",
            "--pipeline-id <UUID>",
            "as 8d3f0d3e",
        ),
        (
            "bitbucket --repository-uuid app",
            "--repository-uuid <{UUID}>",
            "as 8d3f0d3e",
        ),
        (
            "circleci --project-id app",
            "--project-id <UUID>",
            "as 8d3f0d3e",
        ),
    ] {
        let error = written(arguments).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(flag) && error.contains(expected), "{error}");
    }
}

#[test]
fn a_danger_is_said_with_the_flags_that_mend_it() {
    let check = |arguments: &str, danger: &str, cure: &str| {
        let error = written(arguments).map(|_| ()).unwrap_err().to_string();
        let expected = format!("    Mended by {cure}; or --accept {danger}");
        assert!(error.lines().any(|line| line == expected), "{error}");
        assert!(!error.contains("accepted_dangers"), "{error}");
    };
    let github = "github --repository-id 1 --owner-id 2 --ref refs/heads/main";
    check(
        &format!("{github} --event workflow_run"),
        "privileged_events",
        "an --event that only those cause who may write to the repository, as push or workflow_dispatch",
    );
    check(
        &format!("{github} --event push --event pull_request"),
        "unreviewed_code",
        "an --event and a --ref that are not those of pull requests",
    );
    check(
        &format!("{github} --audience https://github.com/octo"),
        "default_audience",
        "an --audience of your own",
    );
    check(
        "gitlab --project-id 1 --ref-protected false",
        "any_ref",
        "--environment, --ref or --ref-protected true that says which one",
    );
    check(
        "terraform --organization-id org-1 --workspace-id ws-1 --phase plan --phase apply",
        "every_phase",
        "a single --phase",
    );
    check(
        "spiffe --trust-domain acme.example --jwks - --prefix /",
        "every_workload",
        "--path or --prefix that says which one",
    );
    check(
        "oidc --issuer https://ci.example --condition email=a@b",
        "recyclable_names",
        "another --condition",
    );
}

#[test]
fn help_says_what_is_needed_and_where_it_is_found() {
    let help = |name: &str| {
        let arguments = ["new", name, "--help"];
        let shown = command().try_get_matches_from(arguments).unwrap_err();
        // However its lines are broken.
        let shown = shown.to_string();
        Vec::from_iter(shown.split_whitespace()).join(" ")
    };
    let needed =
        "One of these is needed: --ref with --origin, or --context-id, or --accept any_ref.";
    assert!(help("circleci").contains(needed), "{}", help("circleci"));
    let found = "The repository, whatever it is called; repeatable. Needed; found by: gh api repos/OWNER/REPO";
    assert!(help("github").contains(found), "{}", help("github"));
    let found = "Needed; found by: aws iam get-outbound-web-identity-federation-info";
    assert!(help("aws").contains(found), "{}", help("aws"));
    let found = "Audience of the token. Needed; found by: az ad app show";
    assert!(help("azure").contains(found), "{}", help("azure"));
    assert!(help("spiffe").contains("One of these is needed: --path or --prefix."));
    for platform in PLATFORMS {
        let one_of = platform.one_of.iter().flat_map(|one_of| one_of.flags);
        for flag in one_of {
            assert!(platform.flag(flag).is_some(), "{} {flag}", platform.name);
        }
    }
}

#[test]
fn a_trust_domain_may_be_written_with_its_scheme() {
    let trusted = written("spiffe --trust-domain spiffe://acme.example --path /ci --jwks -");
    assert_eq!(trusted.unwrap().issuer, "spiffe://acme.example");
}

#[test]
fn the_explanation_says_what_is_matched_and_what_not() {
    for platform in PLATFORMS {
        assert!(!platform.keeps_out.is_empty() && !platform.request.is_empty());
    }
    let trusted = written(
        "github --repository-id 1 --owner-id 2 --environment production --audience https://a.example",
    );
    let text = explanation(PLATFORMS[0], &trusted.unwrap(), "https://jeton.acme.dev");
    for line in [
        "stands for the client \"c\" if",
        "  aud is \"https://a.example\", and nothing else",
        "  repository_id is \"1\"",
        "  event_name is \"push\" or \"workflow_dispatch\"",
        "Each token counts once, by its jti.",
        "It keeps out other repositories",
        "&audience=https://a.example",
        "jeton trust check FILE TOKEN --issuer https://jeton.acme.dev",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

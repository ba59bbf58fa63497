//! Platforms that run jobs of repositories. Their tokens are made for one job and have many claims.

use jeton::Danger;

use super::{
    Audience, Given, Issuer, OneOf, Platform,
    Says::{Braced, Claim, Often, Once},
    contains, equals, needed, nothing, one_of, optional,
};

const GITHUB_IDS: &str = "gh api repos/OWNER/REPO --jq '.id,.owner.id'";
const GITLAB_IDS: &str = "glab api projects/GROUP%2FPROJECT | jq '.id, .namespace.id'";
const BITBUCKET_IDS: &str = "Repository settings > OpenID Connect";

/// The events of GitHub that a rule lets in where none is named.
const EVENTS: [&str; 2] = ["push", "workflow_dispatch"];

pub(super) const GITHUB: Platform = Platform {
    name: "github",
    about: "GitHub Actions. --issuer for an enterprise (https://token.actions.githubusercontent.com/SLUG), GHE.com (https://token.actions.NAME.ghe.com) or Enterprise Server (https://HOST/_services/token)",
    issuer: Issuer::Known("https://token.actions.githubusercontent.com"),
    flags: &[
        needed(
            "repository-id",
            "NUMBER",
            Claim(&["repository_id"]),
            "The repository, whatever it is called",
            GITHUB_IDS,
        ),
        needed(
            "owner-id",
            "NUMBER",
            Claim(&["repository_owner_id"]),
            "Its owner, whatever they are called",
            GITHUB_IDS,
        ),
        optional(
            "repository",
            "OWNER/REPO",
            Claim(&["repository"]),
            "Its name as well: the rule ends when it is renamed",
        ),
        optional(
            "environment",
            "NAME",
            Claim(&["environment"]),
            "The environment of the job, as the workflow writes it",
        ),
        optional(
            "ref",
            "REF",
            Claim(&["ref"]),
            "The branch or tag, as refs/heads/main",
        ),
        optional(
            "workflow",
            "PATH@REF",
            Claim(&["job_workflow_ref"]),
            "The workflow of the job, as OWNER/REPO/.github/workflows/FILE@REF",
        ),
        optional(
            "event",
            "EVENT",
            Often,
            "What starts the workflow [default: push and workflow_dispatch]",
        ),
    ],
    complete: |given, _, rule| {
        let mut events = given.all("event");
        if events.is_empty() {
            events = EVENTS.map(str::to_owned).into();
        }
        rule.conditions.push(one_of("event_name", events));
    },
    single_use: true,
    audience: Audience::Own,
    one_of: Some(OneOf {
        flags: &["environment", "ref", "workflow"],
        words: "--environment, --ref or --workflow",
        instead: Some(Danger::AnyRef),
    }),
    keeps_out: "other repositories, also one that is given the name of this one; every event that is not named above, as pull_request, pull_request_target and workflow_run; where one is named above, every other environment, branch, tag or workflow",
    request: "permissions: { id-token: write }, and curl -H \"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\" \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience={audience}\"",
};

pub(super) const GITLAB: Platform = Platform {
    name: "gitlab",
    about: "GitLab CI. --issuer for an instance of your own",
    issuer: Issuer::Known("https://gitlab.com"),
    flags: &[
        needed(
            "project-id",
            "NUMBER",
            Claim(&["project_id"]),
            "The project, wherever it moves",
            GITLAB_IDS,
        ),
        optional(
            "namespace-id",
            "NUMBER",
            Claim(&["namespace_id"]),
            "Its group as well: the rule ends when it moves to another",
        ),
        optional(
            "project",
            "GROUP/PROJECT",
            Claim(&["project_path"]),
            "Its path as well: the rule ends when it is renamed",
        ),
        optional(
            "environment",
            "NAME",
            Claim(&["environment"]),
            "The environment of the job",
        ),
        optional(
            "ref",
            "BRANCH",
            Claim(&["ref"]),
            "The branch or tag, as main",
        ),
        optional("ref-type", "KIND", Once, "branch or tag [default: branch]"),
        optional(
            "ref-protected",
            "BOOLEAN",
            Claim(&["ref_protected"]),
            "true: any branch or tag that is protected",
        ),
    ],
    complete: |given, _, rule| {
        if !given.all("ref").is_empty() {
            let kind = given.text("ref-type");
            let kind = if kind.is_empty() { "branch" } else { &kind };
            rule.conditions.push(equals("ref_type", kind));
        }
    },
    single_use: true,
    audience: Audience::Own,
    one_of: Some(OneOf {
        flags: &["environment", "ref", "ref-protected"],
        words: "--environment, --ref or --ref-protected true",
        instead: Some(Danger::AnyRef),
    }),
    keeps_out: "other projects, also forks of this one and one that is given its path; a tag that is called like the branch; where one is named above, every other branch, tag or environment",
    request: "id_tokens: { JETON_TOKEN: { aud: {audience} } }",
};

pub(super) const CIRCLECI: Platform = Platform {
    name: "circleci",
    about: "CircleCI",
    issuer: Issuer::OfFlags,
    flags: &[
        needed(
            "organization-id",
            "UUID",
            Claim(&["oidc.circleci.com/org-id"]),
            "The organization",
            "Organization settings > Overview",
        ),
        needed(
            "project-id",
            "UUID",
            Claim(&["oidc.circleci.com/project-id"]),
            "The project",
            "Project settings > Overview",
        ),
        optional(
            "ref",
            "REF",
            Claim(&["oidc.circleci.com/vcs-ref"]),
            "The branch or tag, as refs/heads/main; goes with --origin",
        ),
        optional(
            "origin",
            "HOST/OWNER/REPO",
            Claim(&["oidc.circleci.com/vcs-origin"]),
            "The repository of the branch or tag, as github.com/OWNER/REPO: other repositories can start pipelines of the project",
        ),
        optional("context-id", "UUID", Often, "A context that the job uses"),
    ],
    complete: |given, document, rule| {
        let organization = given.text("organization-id");
        document.issuer = format!("https://oidc.circleci.com/org/{organization}");
        for context in given.all("context-id") {
            let claim = "oidc.circleci.com/context-ids";
            rule.conditions.push(contains(claim, context));
        }
        rule.conditions
            .push(equals("oidc.circleci.com/ssh-rerun", false));
    },
    single_use: false,
    audience: Audience::Own,
    one_of: Some(OneOf {
        flags: &["ref", "context-id"],
        words: "--ref with --origin, or --context-id",
        instead: Some(Danger::AnyRef),
    }),
    keeps_out: "other projects and organizations; jobs that were started again with SSH; where one is named above, every other branch, tag, repository or context",
    request: "circleci run oidc get --claims '{\"aud\":\"{audience}\"}'",
};

pub(super) const BUILDKITE: Platform = Platform {
    name: "buildkite",
    about: "Buildkite",
    issuer: Issuer::Known("https://agent.buildkite.com"),
    flags: &[
        needed(
            "organization-id",
            "UUID",
            Claim(&["organization_id"]),
            "The organization",
            "id of GET https://api.buildkite.com/v2/organizations/ORG",
        ),
        needed(
            "pipeline-id",
            "UUID",
            Claim(&["pipeline_id"]),
            "The pipeline",
            "id of GET https://api.buildkite.com/v2/organizations/ORG/pipelines/PIPELINE",
        ),
        optional(
            "cluster-id",
            "UUID",
            Claim(&["cluster_id"]),
            "The cluster of its agents",
        ),
        optional(
            "branch",
            "BRANCH",
            Claim(&["build_branch"]),
            "The branch, as main",
        ),
        optional("tag", "TAG", Claim(&["build_tag"]), "The tag"),
    ],
    complete: nothing,
    single_use: true,
    audience: Audience::Own,
    one_of: Some(OneOf {
        flags: &["branch", "tag"],
        words: "--branch or --tag",
        instead: Some(Danger::AnyRef),
    }),
    keeps_out: "other pipelines and organizations, also one that is given the name of this one; where one is named above, every other branch or tag; tokens without the ids, for which a job has to ask",
    request: "buildkite-agent oidc request-token --audience {audience} --claim organization_id,pipeline_id,cluster_id",
};

pub(super) const TERRAFORM: Platform = Platform {
    name: "terraform",
    about: "HCP Terraform. --issuer for Terraform Enterprise",
    issuer: Issuer::Known("https://app.terraform.io"),
    flags: &[
        needed(
            "organization-id",
            "ORG-ID",
            Claim(&["terraform_organization_id"]),
            "The organization, as org-…",
            "Organization settings > General",
        ),
        needed(
            "workspace-id",
            "WS-ID",
            Claim(&["terraform_workspace_id"]),
            "The workspace, as ws-…",
            "Workspace settings > General",
        ),
        needed(
            "phase",
            "PHASE",
            Claim(&["terraform_run_phase"]),
            "apply, or plan for a client of its own",
            "a plan runs what nobody has reviewed, so that the two get tokens of different clients",
        ),
    ],
    complete: nothing,
    single_use: true,
    audience: Audience::Own,
    one_of: None,
    keeps_out: "the other phase; other workspaces and organizations, also one that is given the name of this one",
    request: "the workspace's variable TFC_WORKLOAD_IDENTITY_AUDIENCE={audience}; it is in TFC_WORKLOAD_IDENTITY_TOKEN",
};

pub(super) const BITBUCKET: Platform = Platform {
    name: "bitbucket",
    about: "Bitbucket Pipelines",
    issuer: Issuer::OfFlags,
    flags: &[
        needed(
            "workspace",
            "WORKSPACE",
            Once,
            "The workspace, as it stands in the issuer",
            BITBUCKET_IDS,
        ),
        needed(
            "workspace-uuid",
            "{UUID}",
            Braced("workspaceUuid"),
            "The workspace by its id, which stands in the audience",
            BITBUCKET_IDS,
        ),
        needed(
            "repository-uuid",
            "{UUID}",
            Braced("repositoryUuid"),
            "The repository",
            BITBUCKET_IDS,
        ),
        optional(
            "environment-uuid",
            "{UUID}",
            Braced("deploymentEnvironmentUuid"),
            "The deployment environment",
        ),
        optional(
            "branch",
            "BRANCH",
            Claim(&["branchName"]),
            "The branch, as main",
        ),
    ],
    complete: |given, document, rule| {
        let workspace = given.text("workspace");
        document.issuer = format!(
            "https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc"
        );
        if rule.audience.is_none() {
            rule.audience = Some(default_audience(given));
            rule.accepted_dangers
                .push(Danger::DefaultAudience.name().to_owned());
        }
    },
    single_use: false,
    audience: Audience::OfFlags,
    one_of: Some(OneOf {
        flags: &["environment-uuid", "branch"],
        words: "--environment-uuid or --branch",
        instead: Some(Danger::AnyRef),
    }),
    keeps_out: "other repositories and workspaces, also one that is given the name of this one; where one is named above, every other environment or branch; tokens with audiences of the step's own, which have several",
    request: "oidc: true; it is in BITBUCKET_STEP_OIDC_TOKEN",
};

/// The one that every token of the workspace has. Beside it each that a step adds stands in an array, and
/// a token for several audiences is refused.
fn default_audience(given: &Given<'_>) -> String {
    let workspace = given.text("workspace-uuid");
    let workspace = workspace.trim_matches(['{', '}']);
    format!("ari:cloud:bitbucket::workspace/{workspace}")
}

//! What is known of the platforms whose tokens stand for machines: which of their claims say whose a
//! token is, and how they write their subjects. For the linter; no token is judged by it.

/// A platform. Its claims are named as in a [`ClaimPath`](super::ClaimPath), with dots between names.
pub(super) struct Platform {
    /// Its issuers; `*` stands for any text.
    pub(super) issuers: &'static [&'static str],
    /// How its claims or subjects begin where its issuer has another name.
    pub(super) marks: &'static [&'static str],
    /// How it writes `sub`.
    pub(super) subject: SubjectForm,
    /// Whose tokens its issuer makes.
    pub(super) tenants: Tenants,
    /// Claims that say by an id which workload it is: a repository, a project, a pipeline. Several in one
    /// entry say so together.
    pub(super) ids: &'static [&'static [&'static str]],
    /// Claims that say by an id whose it is: an account, an organization, a tenant.
    pub(super) account_ids: &'static [&'static str],
    /// Claims that say by a name which workload it is.
    pub(super) names: &'static [&'static str],
    /// Where these names are given once.
    pub(super) names_are_of: Namespace,
    /// Claims that say by a name whose it is.
    pub(super) account_names: &'static [&'static str],
    /// Claims that say which branch, tag, environment or reviewed workflow it runs for, and how each says
    /// so. None where the platform has no such thing.
    pub(super) refs: &'static [(&'static str, RefForm)],
    /// What else is told apart.
    pub(super) peculiarity: Peculiarity,
}

/// How a claim says which branch, tag, environment or workflow a job runs for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RefForm {
    /// By any value: an environment, a commit.
    Name,
    /// By this value alone.
    Is(&'static str),
    /// As a ref: `refs/heads/main`, or `main`.
    Ref,
    /// As a ref of the repository that this claim names.
    RefOf(&'static str),
    /// As a file at a ref: `OWNER/REPOSITORY/FILE@refs/heads/main`.
    FileAtRef,
}

/// Whose tokens one issuer makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tenants {
    /// Everybody's: whoever has an account gets tokens.
    Everybody,
    /// One account's, cluster's or trust domain's.
    One,
}

/// Where no two workloads have the same name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    /// On all of the platform.
    Platform,
    /// In one account: every account can have a `production`.
    Account,
}

/// How a platform writes `sub`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectForm {
    /// As one text.
    Opaque,
    /// `repo:O/R:ref:B`, `repo:O@1/R@2:environment:E`, or as its template says.
    GitHub,
    /// `name:value:name:value`; these names stand for these claims, others for themselves.
    Pairs(&'static [(&'static str, &'static str)]),
    /// `org/O/project/P/user/U`, then perhaps `/vcs-origin/V/vcs-ref/R`.
    CircleCi,
    /// `{repository}:{step}` or `{repository}:{environment}:{step}`.
    Bitbucket,
    /// `system:serviceaccount:NAMESPACE:NAME`.
    Kubernetes,
    /// `spiffe://DOMAIN/PATH`.
    Spiffe,
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    Aws,
}

/// What a rule for a platform has to tell apart besides whose a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peculiarity {
    /// Nothing.
    None,
    /// Events that act on what strangers send.
    Events,
    /// Branches and tags of one name.
    RefTypes,
    /// Jobs that people have opened a shell in.
    SshReruns,
    /// Plans and applies.
    RunPhases,
    /// People and machines.
    People,
}

/// The claims that name a person, or a machine like one, by what can be changed or given to another
/// (OpenID Connect Core §5.7).
pub(super) const PEOPLES_NAMES: &[&str] = &[
    "email",
    "preferred_username",
    "upn",
    "unique_name",
    "name",
    "nickname",
];

/// Claims of which nearly all tokens of an issuer say the same, or which say what a token is for and how
/// it was got. None says whose it is.
pub(super) const GENERIC: &[&str] = &[
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "typ",
    "ver",
    "token_use",
    "gty",
    "grant_type",
    "idtyp",
    "acr",
    "amr",
    "scope",
    "scp",
    "email_verified",
    "phone_number_verified",
    "locale",
    "zoneinfo",
    "tid",
    "hd",
    "environment",
    "ref",
    "branch",
];

/// The claim in which a SPIFFE ID has its path, once it is read.
pub(super) const SPIFFE_PATH: &str = "spiffe path";

const NOTHING: Platform = Platform {
    issuers: &[],
    marks: &[],
    subject: SubjectForm::Opaque,
    tenants: Tenants::One,
    ids: &[],
    account_ids: &[],
    names: &[],
    names_are_of: Namespace::Platform,
    account_names: &[],
    refs: &[],
    peculiarity: Peculiarity::None,
};

/// The platforms that are known.
const PLATFORMS: &[Platform] = &[
    // GitHub Actions: of github.com, of an enterprise, of GHE.com and of Enterprise Server.
    Platform {
        issuers: &[
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com/*",
            "https://token.actions.*.ghe.com",
            "https://*/_services/token",
        ],
        marks: &[
            "repo:",
            "repository_",
            "job_workflow_",
            "workflow_ref",
            "event_name",
            "runner_environment",
        ],
        subject: SubjectForm::GitHub,
        tenants: Tenants::Everybody,
        ids: &[&["repository_id"]],
        account_ids: &["repository_owner_id", "enterprise_id"],
        names: &["repository"],
        names_are_of: Namespace::Platform,
        account_names: &["repository_owner", "enterprise"],
        refs: &[
            ("ref", RefForm::Ref),
            ("ref_protected", RefForm::Is("true")),
            ("environment", RefForm::Name),
            ("job_workflow_ref", RefForm::FileAtRef),
            ("job_workflow_sha", RefForm::Name),
            ("workflow_ref", RefForm::FileAtRef),
            ("workflow_sha", RefForm::Name),
            ("sha", RefForm::Name),
        ],
        peculiarity: Peculiarity::Events,
    },
    // GitLab CI: gitlab.com, and every other instance by its claims.
    Platform {
        issuers: &["https://gitlab.com"],
        marks: &[
            "project_path",
            "project_id",
            "namespace_",
            "ci_config_",
            "ref_path",
            "ref_protected",
            "ref_type",
            "user_login",
            "user_email",
            "user_access_level",
            "pipeline_source",
            "environment_protected",
            "deployment_tier",
        ],
        subject: SubjectForm::Pairs(&[]),
        tenants: Tenants::Everybody,
        ids: &[&["project_id"]],
        account_ids: &["namespace_id"],
        names: &["project_path"],
        names_are_of: Namespace::Platform,
        account_names: &["namespace_path"],
        refs: &[
            ("ref", RefForm::Ref),
            ("ref_path", RefForm::Ref),
            ("ref_protected", RefForm::Is("true")),
            ("environment", RefForm::Name),
            ("ci_config_ref_uri", RefForm::FileAtRef),
            ("ci_config_sha", RefForm::Name),
            ("sha", RefForm::Name),
        ],
        peculiarity: Peculiarity::RefTypes,
    },
    Platform {
        issuers: &[
            "https://oidc.eks.*",
            "https://container.googleapis.com/v1/projects/*",
        ],
        marks: &["system:serviceaccount:", "kubernetes.io."],
        subject: SubjectForm::Kubernetes,
        ids: &[
            &["kubernetes.io.serviceaccount.uid"],
            &[
                "kubernetes.io.namespace",
                "kubernetes.io.serviceaccount.name",
            ],
        ],
        ..NOTHING
    },
    Platform {
        issuers: &["spiffe://*"],
        subject: SubjectForm::Spiffe,
        ids: &[&[SPIFFE_PATH]],
        ..NOTHING
    },
    // AWS: an issuer for each account, whose roles are named by itself.
    Platform {
        issuers: &["https://*.tokens.sts.global.api.aws"],
        subject: SubjectForm::Aws,
        ids: &[&["sub"]],
        account_ids: &["https://sts.amazonaws.com/.aws_account"],
        ..NOTHING
    },
    Platform {
        issuers: &["https://accounts.google.com", "accounts.google.com"],
        tenants: Tenants::Everybody,
        ids: &[&["sub"]],
        account_ids: &["google.compute_engine.project_number"],
        names: PEOPLES_NAMES,
        account_names: &["hd"],
        ..NOTHING
    },
    // Firebase: whoever asks is somebody, with any address and with none.
    Platform {
        issuers: &["https://securetoken.google.com/*"],
        tenants: Tenants::Everybody,
        ids: &[&["sub"], &["user_id"]],
        ..NOTHING
    },
    // Vercel: one issuer, or one for each team. `preview` is every branch, `development` every machine of
    // the team.
    Platform {
        issuers: &["https://oidc.vercel.com", "https://oidc.vercel.com/*"],
        subject: SubjectForm::Pairs(&[]),
        tenants: Tenants::Everybody,
        ids: &[&["project_id"]],
        account_ids: &["owner_id"],
        names: &["project"],
        names_are_of: Namespace::Account,
        account_names: &["owner"],
        refs: &[("environment", RefForm::Is("production"))],
        ..NOTHING
    },
    // Azure: an issuer for each tenant, of its people too.
    Platform {
        issuers: &[
            "https://login.microsoftonline.com/*",
            "https://login.microsoftonline.us/*",
            "https://login.partner.microsoftonline.cn/*",
            "https://sts.windows.net/*",
            "https://sts.chinacloudapi.cn/*",
        ],
        ids: &[&["oid"], &["sub"], &["azp"], &["appid"]],
        account_ids: &["tid"],
        names: PEOPLES_NAMES,
        peculiarity: Peculiarity::People,
        ..NOTHING
    },
    // CircleCI: an issuer for each organization.
    Platform {
        issuers: &["https://oidc.circleci.com/org/*"],
        subject: SubjectForm::CircleCi,
        ids: &[&["oidc.circleci.com/project-id"]],
        account_ids: &["oidc.circleci.com/org-id"],
        refs: &[
            (
                "oidc.circleci.com/vcs-ref",
                RefForm::RefOf("oidc.circleci.com/vcs-origin"),
            ),
            ("oidc.circleci.com/context-ids", RefForm::Name),
            ("user", RefForm::Name),
        ],
        peculiarity: Peculiarity::SshReruns,
        ..NOTHING
    },
    Platform {
        issuers: &["https://agent.buildkite.com"],
        subject: SubjectForm::Pairs(&[
            ("organization", "organization_slug"),
            ("pipeline", "pipeline_slug"),
            ("ref", "build_branch"),
            ("commit", "build_commit"),
        ]),
        tenants: Tenants::Everybody,
        ids: &[&["pipeline_id"]],
        account_ids: &["organization_id", "cluster_id"],
        names: &["pipeline_slug"],
        names_are_of: Namespace::Account,
        account_names: &["organization_slug"],
        refs: &[
            ("build_branch", RefForm::Ref),
            ("build_tag", RefForm::Ref),
            ("build_commit", RefForm::Name),
        ],
        ..NOTHING
    },
    // HCP Terraform, and Terraform Enterprise by its claims.
    Platform {
        issuers: &["https://app.terraform.io", "https://app.eu.terraform.io"],
        marks: &["terraform_"],
        subject: SubjectForm::Pairs(&[
            ("organization", "terraform_organization_name"),
            ("project", "terraform_project_name"),
            ("workspace", "terraform_workspace_name"),
            ("run_phase", "terraform_run_phase"),
        ]),
        tenants: Tenants::Everybody,
        ids: &[&["terraform_workspace_id"]],
        account_ids: &["terraform_organization_id", "terraform_project_id"],
        names: &["terraform_workspace_name"],
        names_are_of: Namespace::Account,
        account_names: &["terraform_organization_name"],
        peculiarity: Peculiarity::RunPhases,
        ..NOTHING
    },
    // Bitbucket: an issuer for each workspace.
    Platform {
        issuers: &["https://api.bitbucket.org/2.0/workspaces/*"],
        subject: SubjectForm::Bitbucket,
        ids: &[&["repositoryUuid"]],
        account_ids: &["workspaceUuid"],
        refs: &[
            ("deploymentEnvironmentUuid", RefForm::Name),
            ("branchName", RefForm::Ref),
        ],
        ..NOTHING
    },
];

impl Platform {
    /// The platform of an issuer; of one of another name, the platform that `texts` give away: the
    /// claims of a rule, and the values that it compares `sub` with.
    pub(super) fn of<'a>(
        issuer: &str,
        mut texts: impl Iterator<Item = &'a str>,
    ) -> Option<&'static Self> {
        let known = PLATFORMS.iter().find(|platform| {
            let mut issuers = platform.issuers.iter();
            issuers.any(|pattern| fits(pattern, issuer))
        });
        known.or_else(|| {
            texts.find_map(|text| {
                PLATFORMS.iter().find(|platform| {
                    let mut marks = platform.marks.iter();
                    marks.any(|mark| text.starts_with(mark))
                })
            })
        })
    }
}

/// Whether a text is `pattern`, in which one `*` may stand for anything.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, end)) => text
            .strip_prefix(begin)
            .is_some_and(|rest| rest.ends_with(end)),
    }
}

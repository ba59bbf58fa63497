//! What makes a rule dangerous: it lets in others than whoever writes it would think. A rule with a
//! danger is refused where it is written and where it is read, unless it names the danger itself.

use std::fmt;

use super::{
    condition::Condition,
    pins::{Pinned, Pins},
    platform::{GENERIC, Namespace, PEOPLES_NAMES, Peculiarity, Platform, RefForm, Tenants, fits},
};

/// Why a rule lets in others than whoever writes it would think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Anybody has tokens of the issuer, and the rule does not say whose.
    SharedIssuer,
    /// The rule says whose, and not which.
    EveryWorkload,
    /// The rule says by names alone whose, and these can be somebody else's tomorrow.
    RecyclableNames,
    /// Events that strangers cause, or that act on what they send, with the default branch's subject.
    PrivilegedEvents,
    /// Pull requests.
    UnreviewedCode,
    /// Every branch and tag.
    AnyRef,
    /// A tag that is called like the branch.
    UntypedRef,
    /// Two environments that have the same subject.
    EncodedSubject,
    /// Plans as well as applies.
    EveryPhase,
    /// Jobs that people have opened a shell in.
    SshReruns,
    /// People, where machines are meant.
    People,
    /// An audience that others are sent as well.
    DefaultAudience,
}

/// Audiences that a platform puts into tokens by itself, or that its guides give to everybody; `*`
/// stands for any text.
const DEFAULT_AUDIENCES: &[&str] = &[
    "https://github.com/*",
    "https://gitlab.com",
    "https://buildkite.com/*",
    "https://kubernetes.default.svc*",
    "aws.workload.identity",
    "sts.amazonaws.com",
    "api://AzureADTokenExchange",
    "https://management.azure.com*",
    "https://graph.microsoft.com*",
    "https://iam.googleapis.com/*",
    "//iam.googleapis.com/*",
    "ari:cloud:bitbucket::workspace/*",
    "https://vercel.com/*",
];

/// Events of GitHub that only those cause who may write to the repository. All others count as
/// privileged: strangers cause them on the default branch by an issue, a comment, a fork or a star, or
/// they act on what strangers send. A workflow that is called (`workflow_call`) has its caller's event.
const REVIEWED_EVENTS: [&str; 8] = [
    "create",
    "deployment",
    "merge_group",
    "push",
    "release",
    "repository_dispatch",
    "schedule",
    "workflow_dispatch",
];

/// Events of GitHub that run code which nobody has reviewed.
const UNREVIEWED_EVENTS: [&str; 3] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
];

/// Beginnings of refs that say nothing of which.
const EVERY_REF: [&str; 3] = ["refs/", "refs/heads/", "refs/tags/"];

/// Beginnings of the refs of pull requests.
const PULL_REQUESTS: [&str; 2] = ["refs/pull/", "refs/merge-requests/"];

impl Danger {
    /// Every danger.
    pub const ALL: [Self; 12] = [
        Self::SharedIssuer,
        Self::EveryWorkload,
        Self::RecyclableNames,
        Self::PrivilegedEvents,
        Self::UnreviewedCode,
        Self::AnyRef,
        Self::UntypedRef,
        Self::EncodedSubject,
        Self::EveryPhase,
        Self::SshReruns,
        Self::People,
        Self::DefaultAudience,
    ];

    /// Its name, as `accepted_dangers` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SharedIssuer => "shared_issuer",
            Self::EveryWorkload => "every_workload",
            Self::RecyclableNames => "recyclable_names",
            Self::PrivilegedEvents => "privileged_events",
            Self::UnreviewedCode => "unreviewed_code",
            Self::AnyRef => "any_ref",
            Self::UntypedRef => "untyped_ref",
            Self::EncodedSubject => "encoded_subject",
            Self::EveryPhase => "every_phase",
            Self::SshReruns => "ssh_reruns",
            Self::People => "people",
            Self::DefaultAudience => "default_audience",
        }
    }

    /// The danger of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|danger| danger.name() == name)
    }

    /// Who is let in, and what would keep them out: a sentence for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SharedIssuer => {
                "anybody can have tokens of this issuer, and no condition says whose they must be; a branch, workflow, environment or user can be called the same anywhere"
            }
            Self::EveryWorkload => {
                "no condition says which repository, project, workspace or workload it must be: every one of the issuer, account, cluster, namespace or trust domain would do, also one that is made tomorrow"
            }
            Self::RecyclableNames => {
                "names can be somebody else's tomorrow; add a condition on the id that stays, as repository_id, project_id, terraform_workspace_id, pipeline_id, oid or sub"
            }
            Self::PrivilegedEvents => {
                "strangers cause events as issue_comment, or what they send is acted on as by pull_request_target and workflow_run, with the subject of the default branch; add a condition on event_name that names only some of create, deployment, merge_group, push, release, repository_dispatch, schedule, workflow_dispatch"
            }
            Self::UnreviewedCode => {
                "in a pull request runs what nobody has reviewed; leave its events and refs out of the conditions"
            }
            Self::AnyRef => {
                "whoever may push a branch or a tag can have such a token; add a condition on the branch, of CircleCI with its vcs-origin, on a workflow at a ref, or on an environment that is protected"
            }
            Self::UntypedRef => "a tag can be called like the branch; add a condition on ref_type",
            Self::EncodedSubject => {
                "%3A in sub is a colon or is itself, so that two environments have this subject; add a condition on environment"
            }
            Self::EveryPhase => {
                "a plan runs what nobody has reviewed; add a condition that terraform_run_phase equals apply, and give plans a client of their own"
            }
            Self::SshReruns => {
                "people in a job that was started again with SSH have its tokens; add the condition that oidc.circleci.com/ssh-rerun equals false"
            }
            Self::People => {
                "people have tokens of this issuer too; add a condition on oid, or that idtyp equals app"
            }
            Self::DefaultAudience => {
                "tokens with this audience are sent to others as well, and whoever is sent one can use it here; have tokens made for an audience of your own"
            }
        }
    }
}

/// Its name and its reason.
impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.reason())
    }
}

/// The dangers of a rule: of tokens of this `issuer`, with this `audience` (`None` is ours), that meet
/// these `conditions`.
#[must_use]
pub fn dangers(issuer: &str, audience: Option<&str>, conditions: &[Condition]) -> Vec<Danger> {
    let names: Vec<_> = conditions
        .iter()
        .map(|condition| condition.claim.names().join("."))
        .collect();
    let unread = Pins::of(conditions, None);
    let subjects = unread.values("sub");
    let texts = names.iter().map(String::as_str);
    let texts = texts.chain(subjects.map(Pinned::text));
    let platform = Platform::of(issuer, texts);
    let mut found = match platform {
        Some(platform) => {
            let pins = Pins::of(conditions, Some(platform));
            let mut found = of_identity(platform, &pins);
            found.extend(of_ref(platform, &pins));
            found.extend(of_peculiarity(platform, &pins, &unread));
            if is_of_pull_request(platform, &pins) {
                found.push(Danger::UnreviewedCode);
            }
            found
        }
        None => Vec::from_iter(of_unknown(&unread)),
    };
    found.extend(audience.and_then(|audience| of_audience(issuer, audience)));
    found
}

/// Whether the rule says whose a token of an issuer that is not known must be.
fn of_unknown(pins: &Pins) -> Option<Danger> {
    let mut telling = pins.claims().filter(|claim| !GENERIC.contains(claim));
    match telling.next() {
        None => Some(Danger::EveryWorkload),
        Some(first) => {
            let are_names = PEOPLES_NAMES.contains(&first)
                && telling.all(|claim| PEOPLES_NAMES.contains(&claim));
            are_names.then_some(Danger::RecyclableNames)
        }
    }
}

/// Whether the rule says whose a token must be.
fn of_identity(platform: &Platform, pins: &Pins) -> Vec<Danger> {
    let id = pins.say_all_of_one(platform.ids);
    let account_id = pins.say_one_of(platform.account_ids);
    let begins = |claim: &&str| pins.any(claim, |_| true);
    let account_name = pins.say_one_of(platform.account_names)
        || platform.names_are_of == Namespace::Platform && platform.names.iter().any(begins);
    let says_whose = account_id || account_name || platform.tenants == Tenants::One;
    let name = says_whose && pins.say_one_of(platform.names);
    let mut found = Vec::new();
    if !id && !name {
        found.push(if says_whose {
            Danger::EveryWorkload
        } else {
            Danger::SharedIssuer
        });
    }
    if !id && !account_id && (name || account_name) {
        found.push(Danger::RecyclableNames);
    }
    found
}

/// Whether the rule says what it is that runs.
fn of_ref(platform: &Platform, pins: &Pins) -> Option<Danger> {
    let says_which = |(claim, form): &(&str, RefForm)| {
        let is_placed = match form {
            RefForm::RefOf(origin) => pins.say_one_of(&[origin]),
            RefForm::Name | RefForm::Is(_) | RefForm::Ref | RefForm::FileAtRef => true,
        };
        is_placed && pins.any(claim, |value| is_one(value, *form))
    };
    let refs = platform.refs;
    (!refs.is_empty() && !refs.iter().any(says_which)).then_some(Danger::AnyRef)
}

/// Whether a value of that form says which branch, tag, environment or workflow it is.
fn is_one(value: &Pinned, form: RefForm) -> bool {
    match (form, value) {
        (RefForm::Is(only), value) => value.is(only),
        (RefForm::FileAtRef, Pinned::Whole(_)) => !reference(value, form).is_empty(),
        (RefForm::FileAtRef, Pinned::Beginning(_)) => {
            let reference = reference(value, form);
            reference.starts_with("refs/") && !EVERY_REF.contains(&reference)
        }
        (RefForm::Name, Pinned::Beginning(_)) => true,
        (RefForm::Ref | RefForm::RefOf(_), Pinned::Beginning(text)) => {
            !EVERY_REF.contains(&text.as_str())
        }
        (RefForm::Name | RefForm::Ref | RefForm::RefOf(_), Pinned::Whole(text)) => !text.is_empty(),
    }
}

/// The ref in a value of that form; empty where it has none.
fn reference(value: &Pinned, form: RefForm) -> &str {
    match form {
        RefForm::Ref | RefForm::RefOf(_) => value.text(),
        RefForm::FileAtRef => value.text().rsplit_once('@').unwrap_or_default().1,
        RefForm::Name | RefForm::Is(_) => "",
    }
}

/// Whether the rule lets in the event or the ref of a pull request.
fn is_of_pull_request(platform: &Platform, pins: &Pins) -> bool {
    let mut events = pins.values("event_name");
    let has_event = platform.peculiarity == Peculiarity::Events
        && events.any(|event| UNREVIEWED_EVENTS.contains(&event.text()));
    has_event
        || platform.refs.iter().any(|(claim, form)| {
            let mut refs = pins.values(claim).map(|value| reference(value, *form));
            refs.any(|reference| {
                let mut beginnings = PULL_REQUESTS.iter();
                beginnings.any(|begin| reference.starts_with(begin))
            })
        })
}

/// What else the rule must tell apart; `unread` is what it says without its subjects being read.
fn of_peculiarity(platform: &Platform, pins: &Pins, unread: &Pins) -> Vec<Danger> {
    let says = |claim: &str| pins.any(claim, |_| true);
    match platform.peculiarity {
        Peculiarity::None => Vec::new(),
        Peculiarity::Events => of_events(pins, unread),
        Peculiarity::RefTypes => {
            let is_typed = !says("ref") || says("ref_type") || says("ref_path");
            Vec::from_iter((!is_typed).then_some(Danger::UntypedRef))
        }
        Peculiarity::SshReruns => {
            let excluded = pins.any("oidc.circleci.com/ssh-rerun", |value| value.is("false"));
            Vec::from_iter((!excluded).then_some(Danger::SshReruns))
        }
        Peculiarity::RunPhases => {
            let one = pins.are_one_value("terraform_run_phase");
            Vec::from_iter((!one).then_some(Danger::EveryPhase))
        }
        Peculiarity::People => {
            let machine = pins.say_one_of(&["oid", "sub"]) || pins.any("idtyp", |it| it.is("app"));
            Vec::from_iter((!machine).then_some(Danger::People))
        }
    }
}

fn of_events(pins: &Pins, unread: &Pins) -> Vec<Danger> {
    // A pull request's own event has a subject of its own.
    let is_unprivileged = |event: &Pinned| {
        event.is("pull_request") || REVIEWED_EVENTS.iter().any(|known| event.is(known))
    };
    let mut found = Vec::new();
    if !pins.any("event_name", is_unprivileged) {
        found.push(Danger::PrivilegedEvents);
    }
    let mut subjects = unread.values("sub");
    let is_encoded = subjects.any(|subject| subject.text().contains("%3A"));
    if is_encoded && !unread.say_one_of(&["environment"]) {
        found.push(Danger::EncodedSubject);
    }
    found
}

/// Whether others are sent tokens with this audience. The issuer itself is one, as a cluster's API
/// server, and the end of its path, as an organization of CircleCI.
fn of_audience(issuer: &str, audience: &str) -> Option<Danger> {
    let is_issuers = issuer
        .strip_suffix(audience)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    let mut defaults = DEFAULT_AUDIENCES.iter();
    let is_default = is_issuers || defaults.any(|pattern| fits(pattern, audience));
    is_default.then_some(Danger::DefaultAudience)
}

#[cfg(test)]
mod tests;

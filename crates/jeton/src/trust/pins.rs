//! What the conditions of a rule say of a token's claims, also by way of its subject: `repo:O/R:ref:B`
//! says what conditions on three claims would say. For the linter; no token is judged by it.

use super::{
    condition::{Condition, Scalar, Test},
    platform::{Platform, SPIFFE_PATH, SubjectForm},
};

/// The claims that a rule says something of, each with all values that it may have.
pub(super) struct Pins(Vec<Pin>);

struct Pin {
    claim: String,
    values: Vec<Pinned>,
}

/// A value that a rule lets a claim have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    /// This one.
    Whole(String),
    /// Any that begins so.
    Beginning(String),
}

impl Pinned {
    /// Whether it says which value it is, so that an id is one.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(text) if !text.is_empty())
    }

    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Whole(text) if text == wanted)
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Beginning(text) => text,
        }
    }
}

impl Pins {
    /// What these conditions say, where subjects are written as `platform` does.
    pub(super) fn of(conditions: &[Condition], platform: Option<&Platform>) -> Self {
        let form = platform.map_or(SubjectForm::Opaque, |platform| platform.subject);
        let mut pins = Vec::new();
        for condition in conditions {
            let values = pinned(&condition.test);
            if condition.claim.is("sub") {
                pins.extend(said_by_all(&values, form));
            }
            let claim = condition.claim.names().join(".");
            pins.push(Pin { claim, values });
        }
        Self(pins)
    }

    /// Whether the rule says something of a claim, and `holds` of all that it lets it be.
    pub(super) fn any(&self, claim: &str, holds: impl Fn(&Pinned) -> bool) -> bool {
        let mut pins = self.0.iter().filter(|pin| pin.claim == claim);
        pins.any(|pin| pin.values.iter().all(&holds))
    }

    /// All that the rule lets a claim be.
    pub(super) fn values(&self, claim: &str) -> impl Iterator<Item = &Pinned> {
        let pins = self.0.iter().filter(move |pin| pin.claim == claim);
        pins.flat_map(|pin| &pin.values)
    }

    /// Whether the rule says of one of these claims which value it has.
    pub(super) fn say_one_of(&self, claims: &[&str]) -> bool {
        claims.iter().any(|claim| self.any(claim, Pinned::is_whole))
    }

    /// Whether the rule says of each of these claims which value it has, of one of these groups.
    pub(super) fn say_all_of_one(&self, groups: &[&[&str]]) -> bool {
        let says = |claim: &&str| self.any(claim, Pinned::is_whole);
        groups.iter().any(|group| group.iter().all(says))
    }

    /// The claims that the rule says something of.
    pub(super) fn claims(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pin| pin.claim.as_str())
    }

    /// Whether the rule says of one claim that it has one value.
    pub(super) fn are_one_value(&self, claim: &str) -> bool {
        let mut pins = self.0.iter().filter(|pin| pin.claim == claim);
        pins.any(|pin| matches!(pin.values.as_slice(), [Pinned::Whole(_)]))
    }
}

fn pinned(test: &Test) -> Vec<Pinned> {
    let whole = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => Pinned::Whole(text.clone()),
        Scalar::Number(number) => Pinned::Whole(number.to_string()),
        Scalar::Boolean(boolean) => Pinned::Whole(boolean.to_string()),
    };
    match test {
        Test::Equals(value) | Test::Contains(value) => vec![whole(value)],
        Test::OneOf(values) => values.iter().map(whole).collect(),
        Test::Prefix(prefix) => vec![Pinned::Beginning(prefix.clone())],
    }
}

/// What each of these subjects says: of several the loosest decides.
fn said_by_all(subjects: &[Pinned], form: SubjectForm) -> Vec<Pin> {
    let mut said: Vec<_> = subjects.iter().map(|subject| read(subject, form)).collect();
    let Some(first) = said.pop() else {
        return Vec::new();
    };
    let pins = first.into_iter().filter_map(|(claim, value)| {
        let others = said.iter().map(|other| {
            let found = other.iter().find(|(name, _)| *name == claim);
            found.map(|(_, value)| value.clone())
        });
        let mut values = others.collect::<Option<Vec<_>>>()?;
        values.push(value);
        Some(Pin { claim, values })
    });
    pins.collect()
}

/// The claims that a subject stands for.
fn read(subject: &Pinned, form: SubjectForm) -> Vec<(String, Pinned)> {
    match form {
        SubjectForm::Opaque => Vec::new(),
        SubjectForm::GitHub => github(subject),
        SubjectForm::Pairs(names) => pairs(segments(subject, ':'), names),
        SubjectForm::CircleCi => circleci(subject),
        SubjectForm::Bitbucket => bitbucket(subject),
        SubjectForm::Kubernetes => match segments(subject, ':').as_slice() {
            [system, kind, said @ ..] if system.is("system") && kind.is("serviceaccount") => {
                let claims = [
                    "kubernetes.io.namespace",
                    "kubernetes.io.serviceaccount.name",
                ];
                let said = claims.into_iter().zip(said);
                said.map(|(claim, part)| (claim.to_owned(), part.clone()))
                    .collect()
            }
            _ => Vec::new(),
        },
        SubjectForm::Spiffe => {
            // `spiffe://DOMAIN/` alone is every workload.
            let path = subject.text().splitn(4, '/').nth(3).unwrap_or_default();
            let says_which = subject.is_whole() || !path.is_empty();
            let id = Pinned::Whole(subject.text().to_owned());
            Vec::from_iter(says_which.then(|| (SPIFFE_PATH.to_owned(), id)))
        }
        SubjectForm::Aws => {
            // All of a path of roles; `…:role/` alone is every role.
            let path = subject.text().trim_end_matches('/');
            let within = matches!(subject, Pinned::Beginning(_)) && path.contains('/');
            let path = within.then(|| ("sub".to_owned(), Pinned::Whole(path.to_owned())));
            Vec::from_iter(path)
        }
    }
}

/// The parts of a subject. Of one that only begins so, the last is a beginning, unless the subject
/// ends at its border.
fn segments(subject: &Pinned, border: char) -> Vec<Pinned> {
    let whole = |text: &str| Pinned::Whole(text.to_owned());
    let mut parts: Vec<_> = subject.text().split(border).map(whole).collect();
    if let Pinned::Beginning(_) = subject
        && let Some(Pinned::Whole(last)) = parts.pop()
        && !last.is_empty()
    {
        parts.push(Pinned::Beginning(last));
    }
    parts
}

fn pairs(parts: impl IntoIterator<Item = Pinned>, names: &[(&str, &str)]) -> Vec<(String, Pinned)> {
    let mut parts = parts.into_iter();
    let mut said = Vec::new();
    while let (Some(Pinned::Whole(name)), Some(value)) = (parts.next(), parts.next()) {
        let claim = names.iter().find(|(own, _)| *own == name);
        said.push((claim.map_or(name, |(_, claim)| (*claim).to_owned()), value));
    }
    said
}

/// A colon in a value is written `%3A`, so that the parts are told apart; only `pull_request` stands
/// there without a value.
fn github(subject: &Pinned) -> Vec<(String, Pinned)> {
    let mut parts = segments(subject, ':').into_iter();
    let mut said = Vec::new();
    while let Some(Pinned::Whole(name)) = parts.next() {
        if name == "pull_request" {
            said.push(("event_name".to_owned(), Pinned::Whole(name)));
            continue;
        }
        match parts.next() {
            Some(value) if name == "repo" => said.extend(repository(&value)),
            Some(value) => said.push((name, value)),
            None => {}
        }
    }
    said
}

/// `O/R` by names, `O@1/R@2` by ids too; of a beginning only `O`.
fn repository(value: &Pinned) -> Vec<(String, Pinned)> {
    let Some((owner, repository)) = value.text().split_once('/') else {
        return Vec::new();
    };
    let ((owner, owner_id), (repository, id)) = (name_and_id(owner), name_and_id(repository));
    let mut said = vec![
        ("repository_owner", Some(owner.to_owned())),
        ("repository_owner_id", owner_id),
    ];
    if value.is_whole() {
        said.push(("repository", Some(format!("{owner}/{repository}"))));
        said.push(("repository_id", id));
    }
    let said = said.into_iter();
    said.filter_map(|(claim, text)| Some((claim.to_owned(), Pinned::Whole(text?))))
        .collect()
}

/// The parts of `name@id`; without an id that is one, all is the name.
fn name_and_id(text: &str) -> (&str, Option<String>) {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('@').filter(|(_, id)| is_id(id)) {
        Some((name, id)) => (name, Some(id.to_owned())),
        None => (text, None),
    }
}

fn circleci(subject: &Pinned) -> Vec<(String, Pinned)> {
    const NAMES: &[(&str, &str)] = &[
        ("org", "oidc.circleci.com/org-id"),
        ("project", "oidc.circleci.com/project-id"),
    ];
    // Behind the user there are slashes in the values.
    let mut said = pairs(segments(subject, '/').into_iter().take(6), NAMES);
    if let Pinned::Whole(text) = subject
        && let Some((rest, reference)) = text.split_once("/vcs-ref/")
        && let Some((_, origin)) = rest.split_once("/vcs-origin/")
    {
        for (claim, value) in [("vcs-ref", reference), ("vcs-origin", origin)] {
            let value = Pinned::Whole(value.to_owned());
            said.push((format!("oidc.circleci.com/{claim}"), value));
        }
    }
    said
}

fn bitbucket(subject: &Pinned) -> Vec<(String, Pinned)> {
    let parts = segments(subject, ':');
    let said = |claim: &str, part: &Pinned| (claim.to_owned(), part.clone());
    match (parts.as_slice(), subject) {
        ([repository, environment], Pinned::Beginning(_))
        | ([repository, environment, _], Pinned::Whole(_)) => vec![
            said("repositoryUuid", repository),
            said("deploymentEnvironmentUuid", environment),
        ],
        ([repository, ..], _) => vec![said("repositoryUuid", repository)],
        ([], _) => Vec::new(),
    }
}

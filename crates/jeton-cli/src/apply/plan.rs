//! What there is to do, so that a deployment has what a file says.

use std::{collections::BTreeMap, fmt};

use anyhow::Result;
use http::StatusCode;
use serde_json::Value;

use super::{
    ORDER, difference,
    file::{File, LABEL},
};
use crate::{
    management::{self, Entry, Kind, Management},
    members::Members,
    output,
};

/// Members that the server adds, where the file says nothing of them.
const ADDED: [&str; 1] = ["client_id_issued_at"];

/// What there is to do.
pub(super) struct Plan<'a> {
    file: &'a File,
    /// In the order in which it is done.
    steps: Vec<Step<'a>>,
    /// What has the file's label, stands in it no more, and is not deleted.
    named: Vec<Step<'a>>,
}

/// What becomes of documents that an apply made and that stand in the file no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Named,
    Deleted,
}

/// One thing to do.
pub(super) enum Step<'a> {
    Create {
        kind: Kind,
        document: &'a Members,
    },
    Change {
        kind: Kind,
        standing: Entry,
        document: &'a Members,
    },
    Delete {
        kind: Kind,
        standing: Entry,
    },
}

impl<'a> Plan<'a> {
    /// What there is to do at a deployment.
    ///
    /// Whoever applies a file of clients need not have the right to look at trust: a kind of which the file
    /// has none is left out where that is refused, unless it is pruned.
    pub(super) fn new(file: &'a File, deployment: &Management, left: Left) -> Result<Self> {
        let mut plan = Self {
            file,
            steps: Vec::new(),
            named: Vec::new(),
        };
        let mut gone = Vec::new();
        for kind in ORDER {
            let needs = left == Left::Deleted || file.of_kind(kind).next().is_some();
            match deployment.list(kind) {
                Ok(standing) => gone.extend(plan.compare(kind, standing)),
                Err(error) if !needs && management::is(&error, StatusCode::FORBIDDEN) => {}
                Err(error) => return Err(error),
            }
        }
        // What others name is deleted after them.
        gone.reverse();
        match left {
            Left::Named => plan.named = gone,
            Left::Deleted => plan.steps.extend(gone),
        }
        Ok(plan)
    }

    /// Plans what is created and changed of a kind. What has the file's label and stands in it no more is
    /// the answer.
    fn compare(&mut self, kind: Kind, standing: Vec<Entry>) -> Vec<Step<'a>> {
        let standing = standing.into_iter();
        let standing = standing.map(|entry| (kind.name_of(&entry.document).to_owned(), entry));
        let mut standing: BTreeMap<_, _> = standing.collect();
        for document in self.file.of_kind(kind) {
            match standing.remove(kind.name_of(document)) {
                None => self.steps.push(Step::Create { kind, document }),
                Some(entry) if stands(&entry, document) => {}
                Some(entry) => self.steps.push(Step::Change {
                    kind,
                    standing: entry,
                    document,
                }),
            }
        }
        let is_own = |entry: &Entry| {
            let label = entry.document.get("labels").and_then(|it| it.get(LABEL));
            label.and_then(Value::as_str) == Some(&self.file.managed_by)
        };
        let gone = standing.into_values().filter(is_own);
        gone.map(|standing| Step::Delete { kind, standing })
            .collect()
    }

    /// What is done.
    pub(super) fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The plan for people.
    pub(super) fn described(&self) -> String {
        let mut lines: Vec<String> = self.steps.iter().flat_map(Step::lines).collect();
        let count = |is: fn(&Step<'_>) -> bool| self.steps.iter().filter(|it| is(it)).count();
        let created = count(|step| matches!(step, Step::Create { .. }));
        let changed = count(|step| matches!(step, Step::Change { .. }));
        let deleted = count(|step| matches!(step, Step::Delete { .. }));
        let same = self.file.len() - created - changed;
        lines.push(format!(
            "{created} to create, {changed} to change, {deleted} to delete, {same} as they are"
        ));
        if !self.named.is_empty() {
            let named: Vec<_> = self.named.iter().map(Step::what).collect();
            lines.push(format!(
                "no more in the file, and only deleted with --prune: {}",
                named.join(", ")
            ));
        }
        lines.join("\n")
    }
}

/// Whether a document stands as the file has it.
fn stands(entry: &Entry, document: &Members) -> bool {
    entry.problem.is_none() && shown(entry, document) == *document
}

/// What stands, without what the server has added and the file does not mind.
fn shown(entry: &Entry, document: &Members) -> Members {
    let mut shown = entry.document.clone();
    shown.retain(|name, value| {
        let is_added = ADDED.contains(&name.as_str()) && !document.contains_key(name);
        !is_added && !value.is_null()
    });
    shown
}

impl Step<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Create { kind, .. } | Self::Change { kind, .. } | Self::Delete { kind, .. } => {
                *kind
            }
        }
    }

    fn document(&self) -> &Members {
        match self {
            Self::Create { document, .. } | Self::Change { document, .. } => document,
            Self::Delete { standing, .. } => &standing.document,
        }
    }

    /// The document that it is about.
    fn what(&self) -> String {
        format!("{} {}", self.kind(), self.kind().name_of(self.document()))
    }

    /// What is said when it has been done.
    pub(super) fn done(&self) -> String {
        let done = match self {
            Self::Create { .. } => "created",
            Self::Change { .. } => "changed",
            Self::Delete { .. } => "deleted",
        };
        format!("{done} the {}", self.what())
    }

    /// The lines of a plan.
    fn lines(&self) -> Vec<String> {
        let (mark, differences) = match self {
            Self::Create { kind, document } => {
                let mut rest = (*document).clone();
                rest.remove(kind.member());
                ('+', difference::lines(&Members::new(), &rest))
            }
            Self::Change {
                standing, document, ..
            } => ('~', difference::lines(&shown(standing, document), document)),
            Self::Delete { .. } => ('-', Vec::new()),
        };
        let table = output::table(&differences);
        let differences = table.lines().map(|line| format!("    {line}"));
        let head = format!("{mark} {}", self.what());
        [head].into_iter().chain(differences).collect()
    }
}

/// As the beginning of a sentence.
impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what();
        match self {
            Self::Create { .. } => write!(f, "creating the {what}"),
            Self::Change { .. } => write!(f, "changing the {what}"),
            Self::Delete { .. } => write!(f, "deleting the {what}"),
        }
    }
}

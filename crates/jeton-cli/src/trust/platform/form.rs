//! The forms of the flags' values, by the name that the help gives the value. A value of another form
//! would be stored and never met.

use jeton::{SPIFFE_SCHEME, trust_domain_of};

/// A form.
pub(crate) struct Form {
    /// The name of the value.
    value: &'static str,
    /// Ends the sentence "expected".
    expected: &'static str,
    fits: fn(&str) -> bool,
}

/// Every form. Values of other names may be any text.
const FORMS: [Form; 23] = [
    Form {
        value: "NUMBER",
        expected: "a number, as 1296269",
        fits: is_number,
    },
    Form {
        value: "UUID",
        expected: "a UUID in small letters, as 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21",
        fits: is_uuid,
    },
    Form {
        value: "{UUID}",
        expected: "a UUID in small letters, with or without braces, as 8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21",
        fits: |text| is_uuid(text) || in_braces(text).is_some_and(is_uuid),
    },
    Form {
        value: "WORKSPACE",
        expected: "the workspace as its URL has it, as acme",
        fits: |text| {
            is_of(
                text,
                |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'),
            )
        },
    },
    Form {
        value: "OWNER/REPO",
        expected: "OWNER/REPO, as octo-org/octo-repo",
        fits: |text| text.split('/').count() == 2 && has_no_empty_segment(text),
    },
    Form {
        value: "GROUP/PROJECT",
        expected: "GROUP/PROJECT, as acme/tools/shop",
        fits: |text| text.contains('/') && has_no_empty_segment(text),
    },
    Form {
        value: "HOST/OWNER/REPO",
        expected: "HOST/OWNER/REPO, as github.com/octo-org/octo-repo",
        fits: |text| text.split('/').count() >= 3 && has_no_empty_segment(text),
    },
    Form {
        value: "REF",
        expected: "a whole ref, as refs/heads/main or refs/tags/v1",
        fits: is_ref,
    },
    Form {
        value: "BRANCH",
        expected: "the bare name, as main",
        fits: is_bare_name,
    },
    Form {
        value: "TAG",
        expected: "the bare name, as v1",
        fits: is_bare_name,
    },
    Form {
        value: "PATH@REF",
        expected: "OWNER/REPO/.github/workflows/FILE@REF, as octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
        fits: is_workflow,
    },
    Form {
        value: "EVENT",
        expected: "the name of an event, as push",
        fits: |text| is_of(text, |byte| matches!(byte, b'a'..=b'z' | b'_')),
    },
    Form {
        value: "KIND",
        expected: "branch or tag",
        fits: |text| ["branch", "tag"].contains(&text),
    },
    Form {
        value: "TYPE",
        expected: "app",
        fits: |text| text == "app",
    },
    Form {
        value: "BOOLEAN",
        expected: "true or false",
        fits: |text| ["true", "false"].contains(&text),
    },
    Form {
        value: "PHASE",
        expected: "plan or apply",
        fits: |text| ["plan", "apply"].contains(&text),
    },
    Form {
        value: "ORG-ID",
        expected: "the id and not the name, as org-GRNbCjYNpBB6NEH9",
        fits: |text| is_prefixed_id(text, "org-"),
    },
    Form {
        value: "WS-ID",
        expected: "the id and not the name, as ws-mbsd5E3Ktt5Rg2Xm",
        fits: |text| is_prefixed_id(text, "ws-"),
    },
    Form {
        value: "DNS-NAME",
        expected: "small letters, digits, hyphens and dots, as prod",
        fits: |text| {
            is_of(
                text,
                |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'),
            )
        },
    },
    Form {
        value: "ARN",
        expected: "the role and not a session of it: arn:aws:iam::ACCOUNT:role/NAME, as arn:aws:iam::123456789012:role/deployer",
        fits: is_role,
    },
    Form {
        value: "DOMAIN",
        expected: "a trust domain without a path, as example.org",
        fits: |text| {
            let name = text.strip_prefix(SPIFFE_SCHEME).unwrap_or(text);
            !name.contains('/') && trust_domain_of(&format!("spiffe://{name}/a")).is_some()
        },
    },
    Form {
        value: "PATH",
        expected: "the path of a SPIFFE ID, as /ns/ci/sa/deploy",
        fits: is_path,
    },
    Form {
        value: "PATH/",
        expected: "a path that ends in /, as /ns/ci/",
        fits: |text| {
            text.strip_suffix('/')
                .is_some_and(|path| path.is_empty() || is_path(path))
        },
    },
];

impl Form {
    /// The form of values that are called so.
    pub(crate) fn of(value: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.value == value)
    }

    /// The value, if it has this form.
    ///
    /// # Errors
    /// What was expected, with an example.
    pub(crate) fn check(&self, text: &str) -> Result<String, String> {
        if (self.fits)(text) {
            return Ok(text.to_owned());
        }
        Err(format!("expected {}", self.expected))
    }
}

fn is_of(text: &str, allowed: fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

/// Neither empty nor with white space.
fn is_word(text: &str) -> bool {
    is_of(text, |byte| !byte.is_ascii_whitespace())
}

fn is_number(text: &str) -> bool {
    is_of(text, |byte| byte.is_ascii_digit())
}

/// In small letters, as every platform writes them: claims are compared to the byte.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_hex = |part: &&str| is_of(part, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hex)
}

fn in_braces(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

fn has_no_empty_segment(text: &str) -> bool {
    text.split('/').all(is_word)
}

/// A branch or tag; a pull request's has a danger of its own.
fn is_ref(text: &str) -> bool {
    let kinds = ["refs/heads/", "refs/tags/", "refs/pull/"];
    let mut names = kinds.iter().filter_map(|kind| text.strip_prefix(kind));
    names.any(is_word)
}

fn is_bare_name(text: &str) -> bool {
    is_word(text) && !text.starts_with("refs/")
}

/// The workflow may be named at a commit, too.
fn is_workflow(text: &str) -> bool {
    let Some((path, reference)) = text.split_once('@') else {
        return false;
    };
    let is_commit =
        reference.len() == 40 && is_of(reference, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_path = match path.split('/').collect::<Vec<_>>().as_slice() {
        [owner, repository, ".github", "workflows", file] => {
            [owner, repository, file].iter().all(|part| is_word(part))
        }
        _ => false,
    };
    is_path && (is_commit || is_ref(reference))
}

fn is_prefixed_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|id| is_of(id, |byte| byte.is_ascii_alphanumeric()))
}

/// Of any partition, as `aws-cn`.
fn is_role(text: &str) -> bool {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "iam", "", account, role] => {
            partition.starts_with("aws")
                && account.len() == 12
                && is_number(account)
                && role.strip_prefix("role/").is_some_and(has_no_empty_segment)
        }
        _ => false,
    }
}

fn is_path(text: &str) -> bool {
    trust_domain_of(&format!("spiffe://a{text}")).is_some() && text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::Form;

    fn check(value: &str, good: &[&str], bad: &[&str]) {
        let form = Form::of(value).unwrap();
        for text in good {
            assert_eq!(form.check(text).as_deref(), Ok(*text), "{value}");
        }
        for text in bad.iter().chain(&["", " "]) {
            assert!(form.check(text).is_err(), "{value} {text}");
        }
    }

    #[test]
    fn ids_are_no_names() {
        check(
            "NUMBER",
            &["1", "1296269"],
            &["acme/shop", "1a", "-1", "１"],
        );
        let uuid = "8d3f0d3e-7b1f-4c43-9c54-0d1f6a9a7b21";
        let upper = uuid.to_uppercase();
        let (braced, open) = (format!("{{{uuid}}}"), format!("{{{uuid}"));
        let bad = [
            "acme",
            &upper,
            &open,
            uuid.trim_start_matches('8'),
            &uuid.replace('-', ""),
        ];
        check("UUID", &[uuid], &[&bad[..], &[&braced]].concat());
        check("{UUID}", &[uuid, &braced], &bad);
        check("WORKSPACE", &["acme-1_a"], &["acme/x", "Acme"]);
        check(
            "ORG-ID",
            &["org-GRNbCjYNpBB6NEH9", "org-4711"],
            &["acme", "org-", "ws-1"],
        );
        check("WS-ID", &["ws-4711"], &["production", "ws-", "org-1"]);
        check("DNS-NAME", &["prod", "a-1.b"], &["prod:billing", "Prod"]);
    }

    #[test]
    fn repositories_and_refs() {
        check(
            "OWNER/REPO",
            &["octo/app"],
            &["app", "octo/", "github.com/octo/app"],
        );
        check(
            "GROUP/PROJECT",
            &["acme/shop", "a/b/c"],
            &["shop", "/a/b", "a/"],
        );
        let bad = ["octo/app", "https://github.com/octo/app"];
        check("HOST/OWNER/REPO", &["github.com/octo/app"], &bad);
        let bad = [
            "main",
            "refs/heads/",
            "refs/main",
            "refs/head/main",
            "heads/main",
        ];
        check(
            "REF",
            &["refs/heads/main", "refs/tags/v1", "refs/pull/1/merge"],
            &bad,
        );
        check("BRANCH", &["main", "feature/a"], &["refs/heads/main"]);
        check("TAG", &["v1"], &["refs/tags/v1"]);
        let path = "octo/app/.github/workflows/deploy.yml";
        let good = [
            format!("{path}@refs/heads/main"),
            format!("{path}@{}", "0a".repeat(20)),
        ];
        let bad = [
            path,
            "deploy.yml@refs/heads/main",
            &format!("{path}@main"),
            &format!("/{path}@refs/heads/main"),
        ];
        check("PATH@REF", &good.each_ref().map(String::as_str), &bad);
    }

    #[test]
    fn one_of_some_words() {
        check(
            "EVENT",
            &["push", "workflow_dispatch"],
            &["Push", "pull-request"],
        );
        check("TYPE", &["app"], &["user"]);
        check("KIND", &["branch", "tag"], &["commit"]);
        check("BOOLEAN", &["true", "false"], &["yes"]);
        check("PHASE", &["plan", "apply"], &["destroy"]);
    }

    #[test]
    fn roles_and_workloads() {
        check(
            "ARN",
            &[
                "arn:aws:iam::123456789012:role/deployer",
                "arn:aws-cn:iam::123456789012:role/path/deployer",
            ],
            &[
                "deployer",
                "arn:aws:sts::123456789012:assumed-role/deployer/session",
                "arn:aws:iam::1:role/deployer",
                "arn:aws:iam::123456789012:role/",
                "arn:aws:iam::123456789012:user/deployer",
            ],
        );
        let bad = [
            "Acme.example",
            "acme.example/",
            "spiffe://acme.example/ci",
            "https://acme.example",
        ];
        check("DOMAIN", &["acme.example", "spiffe://acme.example"], &bad);
        check(
            "PATH",
            &["/ns/ci", "/a"],
            &["ns/ci", "/", "/ns/", ".b/c", "spiffe://acme.example/ci"],
        );
        check("PATH/", &["/", "/ns/ci/"], &["/ns/ci", "ns/", "//"]);
    }
}

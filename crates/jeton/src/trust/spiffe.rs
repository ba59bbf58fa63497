//! SPIFFE: trust domains, and the identifiers of workloads in them.

/// The scheme of SPIFFE IDs and trust domains.
pub const SPIFFE_SCHEME: &str = "spiffe://";

/// The trust domain of a SPIFFE ID, with its scheme: `spiffe://example.org` of
/// `spiffe://example.org/ns/a`; `None` for a text that is no SPIFFE ID of a workload (SPIFFE-ID §2).
#[must_use]
pub fn trust_domain_of(id: &str) -> Option<&str> {
    let rest = id.strip_prefix(SPIFFE_SCHEME)?;
    let (name, path) = rest.split_once('/')?;
    let fits = id.len() <= 2048 && is_trust_domain_name(name) && path.split('/').all(is_segment);
    fits.then(|| id.split_at(SPIFFE_SCHEME.len() + name.len()).0)
}

/// Whether the text is the name of a trust domain: lower-case letters, digits, dots, hyphens and
/// underscores (SPIFFE-ID §2.1).
pub(super) fn is_trust_domain_name(name: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    (1..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// Whether the text is a segment of a path: letters, digits, dots, hyphens and underscores, and neither
/// `.` nor `..` (SPIFFE-ID §2.2).
fn is_segment(segment: &str) -> bool {
    let allowed =
        |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    !["", ".", ".."].contains(&segment) && segment.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::trust_domain_of;

    fn check(id: &str, expected: Option<&str>) {
        assert_eq!(trust_domain_of(id), expected, "{id}");
    }

    #[test]
    fn the_id_of_a_workload_has_a_trust_domain() {
        check("spiffe://acme.example/ci", Some("spiffe://acme.example"));
        check(
            "spiffe://acme.example/ns/ci/sa/a_B-9.x",
            Some("spiffe://acme.example"),
        );
        check("spiffe://a_b-1/x", Some("spiffe://a_b-1"));
        let long = |path: usize| format!("spiffe://a/{}", "x".repeat(path));
        check(&long(2048 - 11), Some("spiffe://a"));
        check(&long(2048 - 10), None);
    }

    #[test]
    fn any_other_text_has_none() {
        for id in [
            "",
            "acme.example/ci",
            "https://acme.example/ci",
            "Spiffe://acme.example/ci",
            "spiffe:/acme.example/ci",
            "spiffe://acme.example",
            "spiffe://acme.example/",
            "spiffe:///ci",
            "spiffe://Acme.example/ci",
            "spiffe://acme.example:443/ci",
            "spiffe://user@acme.example/ci",
            "spiffe://acme.example/ci/",
            "spiffe://acme.example//ci",
            "spiffe://acme.example/./ci",
            "spiffe://acme.example/../ci",
            "spiffe://acme.example/c%69",
            "spiffe://acme.example/ci?a=b",
            "spiffe://acme.example/ci#a",
            "spiffe://acme.example/ä",
        ] {
            check(id, None);
        }
        check(&format!("spiffe://{}/ci", "a".repeat(256)), None);
    }
}

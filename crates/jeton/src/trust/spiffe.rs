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

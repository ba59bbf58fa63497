//! Names of algorithms.

use jsonwebtoken::Algorithm;

/// What [`VERIFICATION_ALGORITHMS`](crate::VERIFICATION_ALGORITHMS) are called in headers, keys and
/// records. EdDSA has a second name, which says its curve (RFC 9864 §2.2): some libraries sign by the one,
/// some by the other.
pub(crate) const VERIFICATION_ALGORITHM_NAMES: [(&str, Algorithm); 6] = [
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
    ("Ed25519", Algorithm::EdDSA),
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
];

/// The algorithm of that name, if it is one that is verified.
pub(crate) fn verification_algorithm(name: &str) -> Option<Algorithm> {
    let mut names = VERIFICATION_ALGORITHM_NAMES.into_iter();
    names.find_map(|(known, algorithm)| (known == name).then_some(algorithm))
}

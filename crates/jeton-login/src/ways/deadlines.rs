//! How long each exchange with an upstream may take: all that a login needs one after the other, less than
//! ten seconds.

use core::time::Duration;

/// Metadata or keys.
pub(super) const DOCUMENT: Duration = Duration::from_millis(1800);

/// The token endpoint.
pub(super) const TOKEN: Duration = Duration::from_millis(3000);

/// `/userinfo`, or a page of an API.
pub(super) const CLAIMS: Duration = Duration::from_millis(1500);

/// The longest an OpenID login waits: for metadata, tokens, the tenant's metadata, its keys, and claims.
const _: () = assert!(
    3 * DOCUMENT.as_millis() + TOKEN.as_millis() + CLAIMS.as_millis() < 10_000,
    "a login at an OpenID provider ends within ten seconds",
);

/// The longest a login at GitHub waits: for tokens, the person, their addresses and two pages of organizations.
const _: () = assert!(
    TOKEN.as_millis() + 4 * CLAIMS.as_millis() < 10_000,
    "a login at GitHub ends within ten seconds",
);
